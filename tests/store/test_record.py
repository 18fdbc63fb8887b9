"""Telling the outcome: once, only from `send`, and without losing what the portal writes."""

import asyncio
from typing import Any

import pytest

from insyz.store import Recorded, ReportStore, StoreMisconfiguredError
from tests.store.conftest import PortalSide
from tests.store.support import an_outcome

INTERLEAVINGS = 500
AT_A_TIME = {"postgresql": 10, "sqlite": 1}
"""SQLite's waiters sleep in growing steps: one file shared by forty would mostly sleep."""


async def test_an_accepted_report_is_submitted_with_its_receipt_in_the_history(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(history=[{"action": "created"}])
    assert await store.record(an_outcome(id_)) == Recorded(True)
    row = await portal.row(id_)
    assert row.state == "submitted"
    assert row.date_updated.isoformat() == "2026-06-21T08:30:15"
    assert row.history == [
        {"action": "created"},
        {
            "timestamp": "2026-06-21T08:30:15+00:00",
            "action": "insyz_submitted",
            "user": 4133,
            "state": "submitted",
            "details": "Hlášení úspěšně přijato systémem INSYZ",
            "data": {
                "submission_key": f"zp-{id_}-1f",
                "run_id": "run-1",
                "attempt": 2,
                "receipt": {"číslo": "P-7"},
            },
        },
    ]


async def test_a_refused_report_is_rejected_with_the_reason_in_the_history(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has()
    refused = {"state": "rejected", "receipt": None, "decision": {"by": "Eva"}}
    reason = {"error_type": "InvalidReportError", "reason": "chybí úsek"}
    await store.record(an_outcome(id_, **refused, **reason))
    row = await portal.row(id_)
    [entry] = row.history
    assert (row.state, entry["action"]) == ("rejected", "insyz_error")
    assert entry["details"] == "Chyba při odesílání do INSYZ: chybí úsek"
    assert entry["data"]["error"] == {"type": "InvalidReportError", "message": "chybí úsek"}
    assert entry["data"]["decision"] == {"by": "Eva"}


async def test_a_repetition_adds_nothing_even_after_the_portal_approved_the_report(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has()
    await store.record(an_outcome(id_))
    await portal.sets(id_, state="approved")
    assert await store.record(an_outcome(id_)) == Recorded(False)
    row = await portal.row(id_)
    assert (row.state, len(row.history)) == ("approved", 1)


@pytest.mark.parametrize("state", ["draft", "submitted", "approved", "rejected", "něco"])
async def test_a_report_in_any_other_state_is_left_alone(
    store: ReportStore, portal: PortalSide, state: str
) -> None:
    id_ = await portal.has(state=state)
    recorded = await store.record(an_outcome(id_))
    assert not recorded.written
    assert f"report {id_} is in state {state}" in (recorded.warning or "")
    row = await portal.row(id_)
    assert (row.state, row.history) == (state, [])


async def test_a_missing_report_is_a_warning(store: ReportStore) -> None:
    recorded = await store.record(an_outcome(1))
    assert recorded == Recorded(False, "report 1 is not in the portal's table")


@pytest.mark.parametrize("history", [None, [], {}])
async def test_a_history_that_is_empty_in_any_way_takes_an_entry(
    store: ReportStore, portal: PortalSide, history: Any
) -> None:
    id_ = await portal.has(history=history)
    await store.record(an_outcome(id_))
    assert len((await portal.row(id_)).history) == 1


async def test_a_history_with_gaps_as_php_writes_it_keeps_all_entries(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(history={"0": {"action": "a"}, "2": "free text"})
    await store.record(an_outcome(id_))
    assert (await portal.row(id_)).history[:2] == [{"action": "a"}, "free text"]


async def test_a_history_that_is_not_understood_is_not_overwritten(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(history="hello")
    with pytest.raises(StoreMisconfiguredError, match=f"history of report {id_}"):
        await store.record(an_outcome(id_))
    assert (await portal.row(id_)).history == "hello"


async def test_other_entries_keep_their_letters_and_the_order_of_their_keys(
    store: ReportStore, portal: PortalSide
) -> None:
    entry = {"z": 1, "a": {"ž": "Říčany → 😀", "b": 2.5}, "half": "\ud83d", "big": 2**70}
    id_ = await portal.has(history=[entry])
    await store.record(an_outcome(id_))
    kept = (await portal.row(id_)).history[0]
    assert kept == entry
    assert [*kept] == [*entry]
    assert [*kept["a"]] == ["ž", "b"]


async def test_nothing_is_lost_while_the_portal_writes_at_the_same_time(
    store: ReportStore, portal: PortalSide, url: str
) -> None:
    """Each interleaving: two outcomes of one run, and two portal entries, all at once."""

    async def one() -> None:
        id_ = await portal.has()
        await asyncio.gather(
            portal.appends(id_, {"action": "comment", "n": 1}),
            store.record(an_outcome(id_)),
            portal.appends(id_, {"action": "comment", "n": 2}),
            store.record(an_outcome(id_)),
        )
        history = (await portal.row(id_)).history
        assert sorted(entry.get("n", 0) for entry in history) == [0, 1, 2]

    at_a_time = AT_A_TIME[url.partition(":")[0]]
    for _ in range(INTERLEAVINGS // at_a_time):
        await asyncio.gather(*(one() for _ in range(at_a_time)))
