"""Many reports in one go: how many at once, and what became of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from temporalio.service import RPCError

from insyz.errors import InvalidReportError
from insyz.store_errors import AlreadyDoneError, StoreError
from starter.statuses import UnknownReportError
from starter.submission import AlreadySubmittedError, OtherContentError, Started

AT_ONCE = 20

T = TypeVar("T")


async def each(items: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Does it for all items, AT_ONCE at a time, and takes an item only when its turn comes.

    What `do` raises stops all, and is raised.
    """
    waiting = iter(items)

    async def take() -> None:
        for item in waiting:
            await do(item)

    takers = [asyncio.create_task(take()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*takers)
    finally:
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)


@dataclass(slots=True)
class Tally:
    """What became of many submissions: how many were started, were running already, had been
    submitted before; and why the rest was not started, by name."""

    started: int = 0
    running: int = 0
    submitted: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    async def add(self, name: str, starting: Awaitable[Started]) -> None:
        """Counts one. Raises what concerns all of them: TemporalUnreachableError."""
        try:
            joined = (await starting).joined
        except (AlreadySubmittedError, AlreadyDoneError):
            self.submitted += 1
        except FAILURES as error:
            self.failed[name] = f"{type(error).__name__}: {error}"
        else:
            self.running += joined
            self.started += not joined

    @property
    def total(self) -> int:
        return self.started + self.running + self.submitted + len(self.failed)


FAILURES = (InvalidReportError, OtherContentError, UnknownReportError, StoreError, RPCError)
"""What concerns one submission, and stops no other."""
