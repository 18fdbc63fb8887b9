"""Running checks: each bounded in time, all at once, none after one that it needs has failed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from starter.doctor.site import Site

CHECK_SECS = 4.5
"""For one check. No chain of checks is longer than three, and the whole must end within 15 s."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should look."""
    FAILED = "failed"
    SKIPPED = "skipped"


class Trouble(Exception):  # noqa: N818 (a finding, not a bug)
    """What is wrong; `advice` in the place of the check's own."""

    def __init__(self, seen: str, advice: str | None = None) -> None:
        super().__init__(seen)
        self.advice = advice


class Concern(Trouble):
    """What works, and should be looked at."""


class NotApplicable(Exception):  # noqa: N818
    """Why there is nothing to check."""


@dataclass(frozen=True, slots=True)
class Check:
    """`look` returns what it saw; `advice` is what to do when it does not like it; `needs` names
    checks before it in the list."""

    name: str
    look: Callable[[Site], Awaitable[str]]
    advice: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check; `advice` is None where there is nothing to do."""

    name: str
    verdict: Verdict
    seen: str
    advice: str | None = None


async def examine(checks: Sequence[Check], site: Site) -> list[Finding]:
    """A finding for each check, in their order."""
    running: dict[str, asyncio.Task[Finding]] = {}
    for check in checks:
        needed = [running[name] for name in check.needs]
        running[check.name] = asyncio.create_task(_after(needed, check, site))
    return [await finding for finding in running.values()]


def chosen(checks: Sequence[Check], names: Sequence[str]) -> list[Check]:
    """Those of `names` and all that they need. Raises LookupError for an unknown name."""
    known = {check.name: check for check in checks}
    wanted: set[str] = set()
    open_ends = [*names]
    while open_ends:
        name = open_ends.pop()
        if name not in known:
            raise LookupError(f"no check is called {name}; there are: {', '.join(known)}")
        wanted.add(name)
        open_ends += known[name].needs
    return [check for check in checks if check.name in wanted]


async def _after(needed: Sequence[asyncio.Task[Finding]], check: Check, site: Site) -> Finding:
    for before in await asyncio.gather(*needed):
        if before.verdict in {Verdict.FAILED, Verdict.SKIPPED}:
            return Finding(check.name, Verdict.SKIPPED, f"needs `{before.name}` to be ok")
    return await _found(check, site)


async def _found(check: Check, site: Site) -> Finding:
    looking = asyncio.ensure_future(check.look(site))
    # Not wait_for, which would wait for a cleaning up that hangs as well.
    done, _ = await asyncio.wait({looking}, timeout=CHECK_SECS)
    if not done:
        looking.cancel()
        return _finding(check, Trouble(f"no answer within {CHECK_SECS:g} s"))
    return _finding(check, looking.exception() or looking.result())


def _finding(check: Check, outcome: str | BaseException) -> Finding:
    match outcome:
        case str():
            return Finding(check.name, Verdict.OK, outcome)
        case NotApplicable():
            return Finding(check.name, Verdict.SKIPPED, str(outcome))
        case Trouble():
            verdict = Verdict.WARNING if isinstance(outcome, Concern) else Verdict.FAILED
            return Finding(check.name, verdict, str(outcome), outcome.advice or check.advice)
        case _:
            # Whatever else goes wrong is news too, and no reason to keep the rest from the reader.
            seen = f"{type(outcome).__name__}: {outcome}"
            return Finding(check.name, Verdict.FAILED, seen, check.advice)
