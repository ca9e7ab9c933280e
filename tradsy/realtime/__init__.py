"""What happens, as it happens, to every device of the user it happened to.

Owns no table. One JetStream consumer per process reads the events of all users and fans them out in memory.

Invariants: a client sees its user's events and those for everybody, in stream order, none missing: a reconnect goes on
after the cursor it names, and where that is no longer possible it is told (`gap`) and given a snapshot. Orders and
fills are never throttled; prices and profits are, to ten frames a second. A client that does not read is let go and
delays nobody. When its session ends, so does the stream, within five seconds.

| room | what is there |
|---|---|
| `messages` | what goes over the wire |
| `tail` | an ordered reader of the event stream that survives reconnects |
| `hub` | fan-out, and what is remembered for resuming |
| `feed` | one client's queue, turned into frames |
| `tickets` | one-time tickets for the websocket handshake |
| `gateway` | all of it together, for one process |
| `sockets`, `endpoints` | websocket and SSE |
| `schema` | JSON schema of the messages, for clients |
"""
