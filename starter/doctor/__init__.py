"""`insyz doctor`: whether all that the pipeline needs is there and well.

A check is a coroutine that returns what it saw, or raises Trouble, Concern or NotApplicable. Those
of one kind stand in `machine`, `temporal`, `clock` and `insyz`; `examination` runs them.
"""
