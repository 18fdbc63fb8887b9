"""The file in which the embedded server keeps everything: whose it is, and whether it is sound."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from starter.state_dir import state_dir

NAME = "temporal.db"
ITS_TABLES = frozenset({"executions", "executions_visibility", "namespaces"})
BUSY_SECS = 10.0
"""How long whoever opens the file, the server too, waits for another one who writes into it."""


class StateFileError(Exception):
    """The state file is in use, or is none; the text says which file and why."""


def state_file() -> Path:
    """Where the embedded server of this machine keeps its state; it need not exist yet."""
    return state_dir() / NAME


@contextmanager
def sole_use(db_file: Path) -> Iterator[int]:
    """Nobody else serves or replaces `db_file` during the block. Raises StateFileError.

    Yields the descriptor of the lock. A server that inherits it holds the lock as long as it
    lives, even when whoever started it is killed.
    """
    lock = os.open(db_file.with_name(f"{db_file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(lock, db_file)
        yield lock
    finally:
        os.close(lock)


def note_holder(lock: int, pid: int) -> None:
    """Writes down who serves the file, for whoever finds it locked."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(pid).encode(), 0)


def check_sound(file: Path) -> None:
    """Returns when `file` is an undamaged state file. Raises StateFileError."""
    try:
        with closing(opened(file)) as database:
            # Not `integrity_check`: it computes anew what the indexes hold, which another version
            # of SQLite than the server's may do otherwise.
            verdicts = [verdict for (verdict,) in database.execute("PRAGMA quick_check(1)")]
            names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise StateFileError(f"{file} cannot be read as a state file: {error}") from None
    if verdicts != ["ok"]:
        raise StateFileError(f"{file} is damaged: {verdicts[0]}")
    if not names >= ITS_TABLES:
        raise StateFileError(f"{file} holds no state of a Temporal server")


def opened(file: Path) -> sqlite3.Connection:
    """`file` for reading; it is not made where it is missing."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECS)


def _lock(lock: int, db_file: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, 20, 0).decode()
        raise StateFileError(
            f"{db_file} is in use by another server" + (f" (process {pid})" if pid else "")
        ) from None
