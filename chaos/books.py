"""The three books compared: what was asked, what INSYZ holds, how each report ended."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from workflows.contract import Phase, State, Status


@dataclass(frozen=True, slots=True)
class Books:
    """What is known after a run.

    Attributes:
        asked: the reports that Temporal acknowledged.
        taken: INSYZ's records by report.
        ended: what the pipeline says of each.
        refused: the reports that INSYZ refused for good at least once.
        doubted: the reports of which at least one try left it unknown whether INSYZ took them.
    """

    asked: Collection[int]
    taken: Mapping[int, int]
    ended: Mapping[int, Status]
    refused: Collection[int]
    doubted: Collection[int]


@dataclass(slots=True)
class Findings:
    """The reports by what became of them.

    `taken_once` and `rightly_rejected` are good ends, `needs_decision` is one where a gateway is
    blind; all else is a fault of the pipeline. A report may stand in `doubled` and in another one.
    """

    taken_once: list[int] = field(default_factory=list)
    rightly_rejected: list[int] = field(default_factory=list)
    needs_decision: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    wrongly_rejected: list[int] = field(default_factory=list)
    still_open: list[int] = field(default_factory=list)
    needlessly_asked: list[int] = field(default_factory=list)
    """Waiting for a decision although no outcome was ever unknown."""
    never_asked: list[int] = field(default_factory=list)
    """At INSYZ although nobody asked for it."""

    def hold(self, *, decisions_allowed: bool) -> bool:
        """Whether exactly once was kept."""
        wrong = [*self.lost, *self.doubled, *self.wrongly_rejected, *self.still_open]
        wrong += [*self.needlessly_asked, *self.never_asked]
        return not wrong and (decisions_allowed or not self.needs_decision)


def compare(books: Books) -> Findings:
    """Where each report stands."""
    findings = Findings()
    for id_zp in sorted(books.asked):
        _shelf(findings, books, id_zp).append(id_zp)
    findings.doubled += sorted(id_zp for id_zp, records in books.taken.items() if records > 1)
    findings.never_asked += sorted(books.taken.keys() - set(books.asked))
    return findings


def _shelf(findings: Findings, books: Books, id_zp: int) -> list[int]:
    ended, records = books.ended[id_zp], books.taken.get(id_zp, 0)
    if ended.state is State.SUBMITTED:
        return _of_submitted(findings, records)
    if ended.state is State.REJECTED:
        right = records == 0 and id_zp in books.refused
        return findings.rightly_rejected if right else findings.wrongly_rejected
    if ended.phase is Phase.NEEDS_DECISION:
        doubtful = id_zp in books.doubted
        return findings.needs_decision if doubtful else findings.needlessly_asked
    # A run that was stopped and not begun anew: nobody follows the report any more.
    dropped = ended.phase is Phase.STOPPED and records == 0
    return findings.lost if dropped else findings.still_open


def _of_submitted(findings: Findings, records: int) -> list[int]:
    if records == 0:
        return findings.lost
    # More than one is told by `doubled`.
    return findings.taken_once if records == 1 else []
