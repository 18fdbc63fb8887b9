"""Exactly once, proved by breaking things: real processes, a seeded mix of faults, three books.

`python -m chaos` runs it. What is asked: `reports` and `asking`. What goes wrong: `faults` at INSYZ
and the `disturber` everywhere else, on the processes of `stack`. What came of it: `books`.
`old_rule` is what this project replaces, for comparison.

A dev dependency: the product never imports it.
"""
