"""A stand-in for INSYZ's SQL Server: TDS 7.4 on the loopback interface, with faults on demand.

On the wire: `channel` (packets, TLS), `requests` (what a client says), `tokens` (what the server
says). What INSYZ is: `database` (the procedures, over the same `Book` as the HTTP gateway's) and
`statements` (which of them a text calls). What goes wrong: `faults`. `session` is one connection
from its first packet to its end, `server.TdsSimulator` all of it, `python -m simulator.tds` a
process.

It knows the statements that this project sends, and no other SQL.
"""
