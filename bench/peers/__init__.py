"""The same job by what one would pick instead, held against the same INSYZ and the same deaths.

`python -m bench.peers` runs it. One module for each tool: `with_celery`, `with_dramatiq`,
`with_procrastinate`, `with_dbos`, each written as the tool's own documentation says, and `ours`.
They share the `job` and the way they are driven (`peer`); `speed` and `survival` measure.

What it needs is the extra `peers`, which is no part of the development environment.
"""
