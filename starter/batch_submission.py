"""Submitting a batch of reports that was checked."""

from collections.abc import Callable
from pathlib import Path

from starter.batch import Checked, Source, sources
from starter.bulk import Tally, each
from starter.connection import connect
from starter.submission import Started, submit


async def submit_each(
    batch: Path,
    checked: Checked,
    submitted_by: int | None,
    tally: Tally,
    done: Callable[[], None],
) -> None:
    """Submits what is valid, calls `done` after each; one that does not start stops no other.

    Raises TemporalUnreachableError; `tally` says how far it came.
    """
    client = await connect()

    async def start(source: Source) -> Started:
        return await submit(source.report(submitted_by), client=client)

    async def one(source: Source) -> None:
        await tally.add(source.where, start(source))
        done()

    await each((source for source in sources(batch) if source.where in checked.valid), one)
