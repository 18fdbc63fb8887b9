"""The comparison of the three books, and what is read from INSYZ's log; no process is started."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from chaos.books import Books, Findings, compare
from chaos.faults import LOOKUP_MIX, REFUSALS, Played, orders
from chaos.reports import make_reports
from insyz.report import Report
from simulator.faults import Fault, fault
from simulator.order import FaultOrder
from workflows.contract import Phase, State, Status

SUBMITTED = Status(state=State.SUBMITTED, phase=Phase.TAKEN)
REJECTED = Status(state=State.REJECTED, phase=Phase.FAILED)
WAITING = Status(phase=Phase.NEEDS_DECISION)
SENDING = Status(phase=Phase.SENDING)
STOPPED = Status(phase=Phase.STOPPED)


def findings(
    ended: Status,
    *,
    records: int,
    refused: Collection[int] = (),
    doubted: Collection[int] = (),
) -> Findings:
    """Of one report, number 1."""
    return compare(
        Books(asked={1}, taken={1: records}, ended={1: ended}, refused=refused, doubted=doubted)
    )


class TestAReportIs:
    def test_taken_once_when_it_is_submitted_and_insyz_has_one_record(self) -> None:
        assert findings(SUBMITTED, records=1) == Findings(taken_once=[1])

    def test_rightly_rejected_when_insyz_refused_it_and_does_not_have_it(self) -> None:
        assert findings(REJECTED, records=0, refused={1}) == Findings(rightly_rejected=[1])

    def test_wrongly_rejected_when_insyz_never_refused_it(self) -> None:
        assert findings(REJECTED, records=0) == Findings(wrongly_rejected=[1])

    def test_wrongly_rejected_when_insyz_has_it_even_though_it_refused_a_second_one(self) -> None:
        assert findings(REJECTED, records=1, refused={1}) == Findings(wrongly_rejected=[1])

    def test_lost_when_it_is_submitted_and_insyz_does_not_have_it(self) -> None:
        assert findings(SUBMITTED, records=0) == Findings(lost=[1])

    def test_lost_when_its_run_was_stopped_and_insyz_does_not_have_it(self) -> None:
        assert findings(STOPPED, records=0) == Findings(lost=[1])

    def test_doubled_when_insyz_has_two_records_however_it_ended(self) -> None:
        assert findings(SUBMITTED, records=2) == Findings(doubled=[1])
        assert findings(REJECTED, records=2) == Findings(doubled=[1], wrongly_rejected=[1])
        assert findings(SENDING, records=2) == Findings(doubled=[1], still_open=[1])

    def test_still_open_when_it_has_not_ended(self) -> None:
        assert findings(SENDING, records=1) == Findings(still_open=[1])

    def test_waiting_for_a_decision_rightly_only_when_an_outcome_was_unknown(self) -> None:
        assert findings(WAITING, records=1, doubted={1}) == Findings(needs_decision=[1])
        assert findings(WAITING, records=1) == Findings(needlessly_asked=[1])

    def test_a_fault_of_ours_when_nobody_asked_for_it(self) -> None:
        books = Books(asked=(), taken={7: 1}, ended={}, refused=(), doubted=())
        assert compare(books) == Findings(never_asked=[7])


class TestTheClaim:
    @pytest.mark.parametrize(
        "broken",
        ["lost", "doubled", "wrongly_rejected", "still_open", "needlessly_asked", "never_asked"],
    )
    def test_is_broken_by_a_single_report(self, broken: str) -> None:
        assert not Findings(**{broken: [1]}).hold(decisions_allowed=True)

    def test_holds_with_reports_that_wait_for_a_decision_only_where_that_is_allowed(self) -> None:
        assert Findings(taken_once=[1], needs_decision=[2]).hold(decisions_allowed=True)
        assert not Findings(taken_once=[1], needs_decision=[2]).hold(decisions_allowed=False)


class TestInsyzLog:
    @staticmethod
    def read(tmp_path: Path, played: Mapping[int, Fault]) -> Played:
        log = tmp_path / "insyz.log"
        lines = [
            f"POST /api/insyz/submit-report 200 {id_zp} {one!r} 3 ms\n"
            for id_zp, one in played.items()
        ]
        log.write_text("".join(lines), encoding="utf-8")
        return Played.read(log)

    @pytest.mark.parametrize("name", REFUSALS)
    def test_tells_which_reports_were_refused_for_good(self, tmp_path: Path, name: str) -> None:
        played = self.read(tmp_path, {1: fault(name), 2: fault("normal")})
        assert played == Played(refused={1}, doubted=set())

    @pytest.mark.parametrize("name", ["reset_after", "error_before", "stall_before", "no_verdict"])
    def test_tells_which_outcomes_were_unknown(self, tmp_path: Path, name: str) -> None:
        played = self.read(tmp_path, {1: fault(name), 2: fault("normal")})
        assert played == Played(refused=set(), doubted={1})

    @pytest.mark.parametrize("name", ["unavailable", "too_many_requests", "outage"])
    def test_tells_nothing_of_tries_that_were_known_to_fail(
        self, tmp_path: Path, name: str
    ) -> None:
        assert self.read(tmp_path, {1: fault(name)}) == Played(refused=set(), doubted=set())

    def test_does_not_take_a_look_up_for_a_submission(self, tmp_path: Path) -> None:
        log = tmp_path / "insyz.log"
        log.write_text("GET /api/insyz/submissions/zp-1 200 1 Reset(taken=False) 1 ms\n")
        assert Played.read(log) == Played(refused=set(), doubted=set())


def test_the_reports_are_valid_and_the_same_for_the_same_seed() -> None:
    reports = make_reports(50, seed=3)
    assert reports == make_reports(50, seed=3)
    assert len({Report.parse(report).id_zp for report in reports}) == 50
    assert reports != make_reports(50, seed=4)


def test_the_faults_are_ones_that_the_simulator_knows() -> None:
    submit, look_up = (FaultOrder.model_validate(one) for one in orders(range(1, 1_001), seed=1))
    assert 10 < len(submit.script) < 60
    assert look_up.mix.keys() == LOOKUP_MIX.keys()
