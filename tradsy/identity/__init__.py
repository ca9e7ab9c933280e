"""Who is calling, what they may do, and whether their orders may go out.

Owns: users, password_credentials, signups, one_time_tokens, sessions, refresh_tokens, access_tokens, api_keys,
totp_credentials, recovery_codes, consents, legal_documents, setup_links, login_throttles, mails, and the view
identity_trading_users (active users who accepted the current texts).
Events: users.created, users.changed, users.consented, sessions.revoked, mail.requested.
Invariants: no secret is stored in clear (tokens hashed, TOTP seeds and mails sealed); a key never does more than its
owner's role; a disabled user or revoked session is dead in every process within `callers.CACHE_SECONDS`; known and
unknown e-mail addresses cost the same work and get the same words.
"""
