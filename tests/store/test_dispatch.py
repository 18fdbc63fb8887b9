"""Taking a report over from the portal's tables."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from insyz.errors import InvalidReportError
from insyz.report import Report, submission_key
from insyz.resend import Resend
from insyz.store import AlreadyDoneError, NotSendableError, ReportNotFoundError, ReportStore
from tests.store.conftest import PortalSide
from tests.store.support import NOW

ONCE_MORE = Resend(by="J. Nováková", why="první není čitelné")


async def test_a_rejected_report_is_marked_and_handed_over(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(state="rejected", data_b={"z": "ž", "a": None})
    given = await store.dispatch(id_, submitted_by=4133, now=NOW)
    row = await portal.row(id_)
    assert [*given] == [
        *("report_id", "id_zp", "cislo_zp", "int_adr", "submitted_by"),
        *("znackari", "data_a", "data_b", "calculation", "attachments"),
    ]
    assert [*given["data_b"]] == ["z", "a"]
    assert row.state == "send"
    assert row.date_send == row.date_updated == datetime(2026, 6, 21, 8, 30, 15)  # noqa: DTZ001
    [entry] = row.history
    assert entry["action"] == "dispatch_to_insyz"
    assert (entry["user"], entry["state"]) == (4133, "send")
    assert entry["data"] == {"submission_key": submission_key(Report.parse(given))}


async def test_a_repeated_dispatch_changes_nothing(store: ReportStore, portal: PortalSide) -> None:
    id_ = await portal.has()
    first = await store.dispatch(id_, submitted_by=4133, now=NOW)
    before = await portal.row(id_)
    later = await store.dispatch(id_, submitted_by=None, now=NOW + timedelta(hours=1))
    assert later == first
    assert await portal.row(id_) == before


async def test_dispatches_at_the_same_time_append_once(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(state="rejected")
    await asyncio.gather(*(store.dispatch(id_, submitted_by=1, now=NOW) for _ in range(8)))
    assert len((await portal.row(id_)).history) == 1


async def test_a_draft_is_refused(store: ReportStore, portal: PortalSide) -> None:
    id_ = await portal.has(state="draft")
    with pytest.raises(NotSendableError) as refused:
        await store.dispatch(id_, submitted_by=1, resend=ONCE_MORE, now=NOW)
    assert refused.value.state == "draft"
    assert not isinstance(refused.value, AlreadyDoneError)
    assert (await portal.row(id_)).history == []


@pytest.mark.parametrize("state", ["submitted", "approved"])
async def test_a_report_that_insyz_has_is_sent_again_only_on_purpose(
    store: ReportStore, portal: PortalSide, state: str
) -> None:
    id_ = await portal.has(state=state)
    with pytest.raises(AlreadyDoneError, match="already"):
        await store.dispatch(id_, submitted_by=1, now=NOW)
    again = await store.dispatch(id_, submitted_by=1, resend=ONCE_MORE, now=NOW)
    assert again["resend"] == 1
    # The caller died and repeats: it is the same repetition, not one more.
    assert await store.dispatch(id_, submitted_by=1, resend=ONCE_MORE, now=NOW) == again
    await portal.sets(id_, state=state)
    more = await store.dispatch(id_, submitted_by=1, resend=ONCE_MORE, now=NOW)
    assert more["resend"] == 2
    history = (await portal.row(id_)).history
    assert [(entry["data"]["by"], entry["data"]["resend"]) for entry in history] == [
        ("J. Nováková", 1),
        ("J. Nováková", 2),
    ]


async def test_an_unknown_report_is_named(store: ReportStore, portal: PortalSide) -> None:
    with pytest.raises(ReportNotFoundError, match="12"):
        await store.dispatch(12, submitted_by=1, now=NOW)


async def test_an_invalid_report_is_not_marked(store: ReportStore, portal: PortalSide) -> None:
    id_ = await portal.has(state="rejected", data_a={"Skupiny_Cest": "none"})
    with pytest.raises(InvalidReportError, match="Skupiny_Cest"):
        await store.dispatch(id_, submitted_by=1, now=NOW)
    row = await portal.row(id_)
    assert (row.state, row.history, row.date_send) == ("rejected", [], None)


@pytest.mark.parametrize("empty", [None, [], {}])
async def test_what_is_empty_in_any_way_is_an_empty_object(
    store: ReportStore, portal: PortalSide, empty: Any
) -> None:
    id_ = await portal.has(znackari=empty, data_a=empty, data_b=empty, calculation=empty)
    given = await store.load(id_)
    assert [given[name] for name in ("znackari", "data_a", "data_b", "calculation")] == [
        *([], {}, {}, {})
    ]


async def test_loading_marks_nothing(store: ReportStore, portal: PortalSide) -> None:
    id_ = await portal.has(state="draft")
    before = await portal.row(id_)
    assert (await store.load(id_))["submitted_by"] == 1955
    assert await portal.row(id_) == before


async def test_pending_are_those_in_send_with_the_oldest_first(
    store: ReportStore, portal: PortalSide
) -> None:
    noon = datetime(2026, 6, 21, 12)  # noqa: DTZ001
    younger = await portal.has(date_send=noon)
    older = await portal.has(date_send=noon - timedelta(days=1))
    unknown = await portal.has()
    await portal.has(state="draft")
    assert await store.pending() == [unknown, older, younger]


async def test_a_report_is_found_by_its_work_order(store: ReportStore, portal: PortalSide) -> None:
    id_ = await portal.has(state="rejected", history=[{"action": "a"}, None])
    await store.dispatch(id_, submitted_by=1, now=NOW)
    found = await store.by_id_zp(id_)
    assert found is not None
    assert (found.id, found.state) == (id_, "send")
    assert found.date_send == NOW.replace(microsecond=0)
    assert [entry["action"] for entry in found.history] == ["a", "dispatch_to_insyz"]
    assert await store.by_id_zp(1) is None
