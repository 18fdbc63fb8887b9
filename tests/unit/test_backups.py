"""What a backup holds: what is there, and nothing that was deleted."""

import sqlite3
from contextlib import closing
from pathlib import Path

from starter.backups import back_up, restore
from starter.state_file import ITS_TABLES

DELETED, KEPT = "Ludmila Smazaná", "Jan Ponechaný"


def a_state_file(file: Path) -> None:
    """As a server that runs keeps it, after one of two rows was deleted."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        # As Temporal's server has it; Python's SQLite overwrites by default.
        database.execute("PRAGMA secure_delete=off")
        for table in ITS_TABLES:
            database.execute(f"CREATE TABLE {table} (words TEXT)")
        database.executemany("INSERT INTO executions VALUES (?)", [(DELETED,), (KEPT,)])
        database.execute("DELETE FROM executions WHERE words = ?", (DELETED,))


def test_what_was_deleted_is_in_no_backup_and_gone_after_a_restore(tmp_path: Path) -> None:
    state, backup = tmp_path / "temporal.db", tmp_path / "backup.db"
    a_state_file(state)
    assert DELETED.encode() in state.read_bytes()
    back_up(state, backup)
    assert DELETED.encode() not in backup.read_bytes()
    assert KEPT.encode() in backup.read_bytes()
    before = restore(backup, state)
    assert before is not None
    assert DELETED.encode() in before.read_bytes()
    assert DELETED.encode() not in state.read_bytes()
