import type { PublicPage } from './layout.ts'

export const security: PublicPage = {
  path: '/security/',
  menu: 'Security',
  title: 'Security: what is protected, and how to check it - Tradsy',
  description:
    'How Tradsy keeps credentials, separates users and records decisions so that you can check them yourself, and what it does not do.',
  body: `
<h1>What is protected, and how you can check it</h1>
<p class="lead">Do not take it on trust. The part that matters most, the record of what was decided about your money, can be checked without the server.</p>

<h2>The audit chain</h2>
<ul>
<li>Everything that is decided about a user’s money is recorded on that user’s own hash chain, in the same transaction as the decision.</li>
<li>Each event carries the SHA-256 of the one before it. All events stand in one Merkle tree, whose root is signed with Ed25519 every minute.</li>
<li>You can download your chain and check it: in the browser, or with a verifier that is one Python file and needs nothing of Tradsy.</li>
<li>At each start the product tries to update, delete, overwrite and truncate the log and to switch its triggers off, as each of its database roles. It does not run if one try is not refused.</li>
<li>When an admin looks at your chain, that and the reason are recorded on it.</li>
</ul>

<h2>Signing in</h2>
<ul>
<li>Sessions, tokens and keys are 256 random bits each; the database holds their SHA-256 only. A revoked one is dead within seconds.</li>
<li>Passwords are hashed with Argon2id. A second factor by authenticator app, with recovery codes, can be switched on.</li>
<li>Sensitive acts want a proof of who is there from the last five minutes.</li>
<li>API keys have scopes and an end. A key never manages keys, sessions, passwords, consents or users.</li>
<li>Nobody learns here which e-mail addresses have accounts.</li>
</ul>

<h2>Users are kept apart</h2>
<p>Each request runs as a role that sees the rows of its own user only: the database enforces it. Credentials of connections are sealed and never shown.</p>

<h2>Orders</h2>
<ul>
<li>Nothing that adds risk is sent past a kill switch, an exceeded limit, or a fact that is missing.</li>
<li>Stopping is easy and releasing is not: it needs a person with a fresh proof of who they are.</li>
<li>Raising a limit takes a proof and ten minutes; tightening one works at once.</li>
</ul>

<h2>What you should know</h2>
<ul>
<li>Whoever holds the signing key and the database can forge a whole new log. Only a checkpoint that you kept yourself, or one on another host, tells. Keep one.</li>
<li>Events younger than the newest checkpoint, about a minute, are linked but not yet covered by its signature.</li>
<li>A reset of your password by mail leaves your API keys alive. Revoke them when the reset was not yours.</li>
<li>A backup holds the keys: keep it as safe as them.</li>
<li>Erasing personal data from the log under a key of each user is not built, so personal data is kept out of it.</li>
</ul>
<p class="small">The details are in <code>docs/reference/audit.md</code>, <code>docs/reference/identity.md</code> and <code>docs/decisions/</code> of the source.</p>
`,
}
