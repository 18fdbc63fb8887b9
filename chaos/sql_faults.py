"""What INSYZ's SQL Server does to the statements of a run, and what its log says that it did.

Here nothing is promised of when the server ends its work: a statement may stand in its queue longer
than any settle time.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from chaos import faults

LOCK_SECS = 0.6
ASK_SECS = 0.3
"""The procedures' 15 and 5 seconds, scaled down as the worker's times are."""

SUBMIT_MIX: Mapping[str, Any] = {
    "outage": {"probability": 0.004, "seconds": 1.0},
    "error:1205": 0.03,
    "error:1222": 0.02,
    "chatter": 0.02,
    "killed_before": 0.02,
    "killed_after": 0.03,
    "reset_before": 0.04,
    "reset_after": 0.05,
    "stall_before:1.2": 0.02,
    "stall_before:4": 0.03,
    "stall_heeding:1.5": 0.02,
    "slow:2": 0.02,
    "stall_after:1.5": 0.02,
    "stall_never:1.5": 0.02,
    "drip": {"probability": 0.01, "seconds": 2, "interval": 0.2},
    "torn": 0.03,
}
"""For each submission of a report without a script of its own: two in five go wrong."""

COMMIT_MIX: Mapping[str, Any] = {
    "reset_before": 0.05,
    "reset_after": 0.05,
    "stall_before:1.5": 0.03,
    "stall_after:1.5": 0.03,
    "torn": 0.04,
}
LOOKUP_MIX: Mapping[str, Any] = {
    "error:1222": 0.03,
    "killed_before": 0.02,
    "reset_before": 0.04,
    "stall_before:1.5": 0.02,
    "torn": 0.03,
    "chatter": 0.02,
}
LOGIN_MIX: Mapping[str, Any] = {
    "error:18401": 0.01,
    "reset_before": 0.01,
    "stall_never:0.7": 0.005,
    "torn": 0.01,
}

REFUSALS = ("error:6355", "error:50000", "error:229")
BEFORE_A_REFUSAL = ((), (), ("error:1205",), ("reset_before",), ("reset_after",))
"""After `reset_after` a ledger has the report, and is not sent another one."""


def orders(ids: Iterable[int], seed: int) -> list[dict[str, Any]]:
    """What to POST to the simulator's `/_sim/faults` for a run over the reports `ids`."""
    mixes = {"commit": COMMIT_MIX, "lookup": LOOKUP_MIX, "login": LOGIN_MIX}
    refused = faults.refused_reports(ids, seed, REFUSALS, BEFORE_A_REFUSAL)
    submit = {"target": "submit", "seed": seed, "mix": SUBMIT_MIX, "script": refused}
    others = [{"target": target, "seed": seed, "mix": mix} for target, mix in mixes.items()]
    return [submit, *others]


class Played(faults.Played):
    """As `faults.Played`; only a COMMIT leaves the pipeline without a verdict that it could get."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"(?P<target>submit|commit) (?P<id_zp>\d+) (?P<kind>\w+)\((?P<how>.*)\) \d+ ms"
    )
    refusing: ClassVar[re.Pattern[str]] = re.compile(r"\bnumber=(6355|50000|229),")

    def _note(self, played: re.Match[str]) -> None:
        if played["target"] == "commit":
            self.doubted |= {int(played["id_zp"])} if played["kind"] != "Normal" else set()
        elif played["kind"] == "Refusal" and self.refusing.search(played["how"]):
            self.refused.add(int(played["id_zp"]))
