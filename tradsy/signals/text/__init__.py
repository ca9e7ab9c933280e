"""The free-text alert parser: a message from a chat room in, a trade intent with its confidence out.

Pure code without input or output. `parser.parse_alert` is the way in; `docs/reference/parser.md` describes the grammar.
"""
