"""One module a command: `add_parser` says how it is called, `run` does it.

The modules import what they need inside `run`: a starter must start fast, and most of what one
command needs another does not.
"""
