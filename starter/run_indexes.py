"""The indexes that the embedded server keeps over its list of runs.

Its schema has some sixty: one for each search attribute that anybody might define. All of them are
compiled into each statement and changed three times in the life of a run (it starts, a worker takes
it up, it ends), which is a fifth of what the server does for a report. Few are ever asked.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from starter.state_file import BUSY_SECS

ASKED = frozenset({"default_idx", "by_workflow_id", "by_status"})
"""The order in which runs are listed; one report's runs, which are asked for before it is sent
again (`activities.earlier_runs`); those that are open, or failed. All else is sought among what
these find, or among all runs of the retention."""


def drop_needless_indexes(db_file: Path) -> list[str]:
    """Names of what was dropped from the state file `db_file`; nothing where that was done before.

    A server may run on it; with all its indexes or with these three it answers the same. Raises
    sqlite3.Error.
    """
    uri = f"{db_file.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECS)) as database:
        needless = sorted(_droppable(database) - ASKED)
        if needless:
            drops = ";".join(f'DROP INDEX IF EXISTS "{name}"' for name in needless)
            database.executescript(f"BEGIN IMMEDIATE; {drops}; COMMIT")
        return needless


def _droppable(database: sqlite3.Connection) -> set[str]:
    """Those that were made to find something, not to keep something unique."""
    listed = database.execute("PRAGMA index_list(executions_visibility)")
    return {name for _, name, unique, origin, _ in listed if origin == "c" and not unique}
