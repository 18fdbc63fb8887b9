"""Copies of the embedded server's state file: taken while it runs, put back while it does not."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from starter.state_file import StateFileError, check_sound, opened, sole_use

COMPANIONS = ("", "-wal", "-shm")
"""SQLite's own: what was committed lately lies in `-wal`, also after a server that was stopped."""


def back_up(db_file: Path, target: Path, *, overwrite: bool = False) -> None:
    """A consistent copy of `db_file` in `target`, which appears whole or not at all.

    A server may be writing meanwhile. Raises StateFileError, or OSError for `target`.
    """
    if not db_file.exists():
        raise StateFileError(f"nothing to back up: there is no {db_file}")
    if target.exists() and not overwrite:
        raise StateFileError(f"{target} exists; --force overwrites it")
    with _taking_the_place_of(target) as copy:
        _copy(db_file, copy)
        check_sound(copy)


def restore(backup: Path, db_file: Path, *, now: datetime | None = None) -> Path | None:
    """Makes `backup` the state of the server; where the state before it is kept (None: none was).

    Raises StateFileError when `backup` is not sound or a server runs on `db_file`.
    """
    check_sound(backup)
    with sole_use(db_file), _taking_the_place_of(db_file) as copy:
        _copy(backup, copy)
        return _set_aside(db_file, f"before-{now or datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")


def _copy(source: Path, target: Path) -> None:
    """All pages in one step, so in one read transaction: the writers go on, and are not seen."""
    try:
        with closing(opened(source)) as there, closing(sqlite3.connect(target)) as here:
            there.backup(here)
            # One file without companions; a server turns WAL on again.
            here.execute("PRAGMA journal_mode=delete")
            # A page that was given up still holds what was deleted.
            here.execute("VACUUM")
    except sqlite3.Error as error:
        raise StateFileError(f"cannot copy {source}: {error}") from None


@contextmanager
def _taking_the_place_of(target: Path) -> Iterator[Path]:
    """A new file, for its owner only, that is renamed to `target` when the block ends well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    copy = Path(name)
    try:
        yield copy
        os.fsync(descriptor)
        copy.replace(target)
        _sync(target.parent)
    finally:
        os.close(descriptor)
        copy.unlink(missing_ok=True)


def _set_aside(db_file: Path, mark: str) -> Path | None:
    """With its companions: a `-wal` left behind would be played into the file that comes next."""
    aside = db_file.with_name(f"{db_file.name}.{mark}")
    for companion in COMPANIONS:
        part = db_file.with_name(db_file.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    return aside if aside.exists() else None


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
