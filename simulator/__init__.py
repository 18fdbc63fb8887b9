"""A stand-in for INSYZ over real HTTP, with faults on demand: for demo, tests and chaos runs.

What INSYZ is: `book` (what it took) and `document` (what it refuses). What can go wrong: `faults`,
chosen by `plan` as an `order` asks. The HTTP in front of them: `gateway`, `control`, `exchange`.
`server.Simulator` runs it all in the current event loop, `python -m simulator` as a process.

A dev dependency: the product never imports it.
"""
