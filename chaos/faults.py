"""What INSYZ does to the requests of a run, and what its log says that it did.

The contract that the pipeline relies on is kept: INSYZ ends its own work on a request within the
settle time after the pipeline gave it up. All else may happen.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Self

from pydantic import BaseModel

SCALED_DOWN = {
    "INSYZ_CONNECT_SECS": "0.5",
    "INSYZ_REQUEST_SECS": "1.0",
    "INSYZ_TRY_SECS": "3.0",
    "INSYZ_SETTLE_SECS": "2.0",
    "INSYZ_RETRY_FIRST_SECS": "0.5",
    "INSYZ_PATIENCE_FIRST_SECS": "1.0",
    "INSYZ_PATIENCE_MAX_SECS": "3.0",
}
"""The worker's times, a thirtieth to a tenth of the real ones.

A request may begin 0.9 * 3 - 1 = 1.7 s into a try, up to a freeze (0.8 s) later on a worker that
was stopped in that moment, and be taken 1.6 s after that: at 4.1 s. The earliest look-up that
counts comes at 3 + 2 = 5 s. The second in between is for a busy machine.
"""
SETTLE_SECS = float(SCALED_DOWN["INSYZ_SETTLE_SECS"])
LATENCY_SECS = 0.1
"""INSYZ's normal work. Long enough for a kill to hit requests in the middle of it."""

SUBMIT_MIX: Mapping[str, Any] = {
    "outage": {"probability": 0.004, "seconds": 1.0},
    "unavailable": 0.04,
    "too_many_requests": {"probability": 0.01, "retry_after": 1},
    "reset_before": 0.04,
    "reset_after": 0.05,
    "stall_before:1.2": 0.02,
    "stall_before:1.5": 0.02,
    "stall_after:1.5": 0.02,
    "stall_never:1.5": 0.02,
    "drip": {"probability": 0.01, "seconds": 2, "interval": 0.2},
    "error_before": 0.04,
    "error_after": 0.04,
    "html_200": 0.02,
    "no_verdict": 0.01,
    "truncated": 0.02,
    "conflict_pending": 0.01,
    "conflict_taken": 0.01,
}
"""For each submission of a report without a script of its own: two in five go wrong."""

LOOKUP_MIX: Mapping[str, Any] = {
    "unavailable": 0.05,
    "error_before": 0.03,
    "reset_before": 0.03,
    "stall_before:1.5": 0.02,
    "html_200": 0.02,
    "truncated": 0.02,
}

REFUSALS: Sequence[str] = ("unprocessable", "refused", "unauthorized")
BEFORE_A_REFUSAL: Sequence[Sequence[str]] = (
    (),
    (),
    ("unavailable",),
    ("reset_before",),
    ("reset_after",),
)
"""After `reset_after` INSYZ has the report, whatever it says to a second one."""
REFUSED_SHARE = 0.03
OFTEN = 50


def orders(ids: Iterable[int], seed: int) -> list[dict[str, Any]]:
    """What to POST to the simulator's `/_sim/faults` for a run over the reports `ids`."""
    refused = refused_reports(ids, seed, REFUSALS, BEFORE_A_REFUSAL)
    submit = {"target": "submit", "seed": seed, "mix": SUBMIT_MIX, "script": refused}
    return [submit, {"target": "lookup", "seed": seed, "mix": LOOKUP_MIX}]


def refused_reports(
    ids: Iterable[int], seed: int, refusals: Sequence[str], before: Sequence[Sequence[str]]
) -> dict[str, list[str]]:
    """A script for each of the few reports that are refused for good, some after a fault."""
    random = Random(seed)  # noqa: S311 (repeatable, not secret)
    return {
        str(id_zp): [*random.choice(before), *[random.choice(refusals)] * OFTEN]
        for id_zp in ids
        if random.random() < REFUSED_SHARE
    }


PLAYED = re.compile(
    r"POST /api/insyz/submit-report \d+ (?P<id_zp>\d+) (?P<kind>\w+)\((?P<how>.*)\) \d+ ms"
)
REFUSING_CODES = re.compile(r"\bcode=(401|403|422)\b")
HARMLESS_CODES = re.compile(r"\bcode=(429|503)\b")


class Played(BaseModel):
    """The reports by what INSYZ did to at least one of their submissions.

    `refused`: for good, by a fault. `doubted`: it left the pipeline without a verdict.
    """

    pattern: ClassVar[re.Pattern[str]] = PLAYED

    refused: set[int]
    doubted: set[int]

    @classmethod
    def read(cls, log: Path) -> Self:
        """From the log of the simulator (`--verbose`)."""
        played = cls(refused=set(), doubted=set())
        with log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if match := cls.pattern.match(line):
                    played._note(match)
        return played

    def _note(self, played: re.Match[str]) -> None:
        id_zp, kind, how = int(played["id_zp"]), played["kind"], played["how"]
        says_no = kind == "Verdict" and "message=None" not in how
        if says_no or (kind == "Status" and REFUSING_CODES.search(how)):
            self.refused.add(id_zp)
        elif kind not in {"Normal", "Outage", "ConflictTaken"} and not HARMLESS_CODES.search(how):
            self.doubted.add(id_zp)
