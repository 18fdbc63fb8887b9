"""The report store: the same claims on a real PostgreSQL and on SQLite."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import exc

from insyz.errors import InvalidReportError
from insyz.outcome import Outcome
from insyz.store import (
    AlreadyDoneError,
    NotSendableError,
    ReportNotFoundError,
    ReportStore,
    StoreError,
    StoreMisconfiguredError,
    StoreUnavailableError,
    translated,
)
from tests.portal import Portal
from tests.postgres import PostgresServer, postgres_server
from tests.support import a_report, free_port

NOW = datetime(2026, 6, 20, 18, 22, 1, tzinfo=UTC)


@pytest.fixture
async def store(portal: Portal) -> AsyncIterator[ReportStore]:
    async with a_store(portal.url) as store:
        yield store


def a_store(url: str, *, statement_secs: float = 10) -> ReportStore:
    return ReportStore(
        SecretStr(url), portal_base_url="https://portal.example", statement_secs=statement_secs
    )


def taken(report: dict[str, Any], run_id: str = "run-1") -> Outcome:
    return Outcome(
        id_zp=report["id_zp"],
        state="submitted",
        user=4133,
        submission_key="zp-1-abc",
        run_id=run_id,
        at=NOW,
        attempt=2,
        receipt={"receipt": "INSYZ-000001"},
    )


def refused(report: dict[str, Any]) -> Outcome:
    return replace(
        taken(report),
        state="rejected",
        receipt=None,
        error_type="InvalidReportError",
        reason="data_b.Koment: žádný",
    )


class TestRecording:
    async def test_a_taken_report_is_submitted_and_says_so_in_its_history(
        self, portal: Portal, store: ReportStore
    ) -> None:
        report = await portal.has(a_report())
        assert (await store.record(taken(report))).written
        row = await portal.row(report["id_zp"])
        assert row.state == "submitted"
        assert row.history == [
            {
                "timestamp": "2026-06-20T18:22:01+00:00",
                "action": "insyz_submitted",
                "user": 4133,
                "state": "submitted",
                "details": "Hlášení úspěšně přijato systémem INSYZ",
                "data": {
                    "submission_key": "zp-1-abc",
                    "run_id": "run-1",
                    "attempt": 2,
                    "receipt": {"receipt": "INSYZ-000001"},
                },
            }
        ]

    async def test_a_refused_report_is_rejected_with_the_reason(
        self, portal: Portal, store: ReportStore
    ) -> None:
        report = await portal.has(a_report())
        await store.record(refused(report))
        (entry,) = (await portal.row(report["id_zp"])).history
        assert entry["action"] == "insyz_error"
        assert entry["details"] == "Chyba při odesílání do INSYZ: data_b.Koment: žádný"
        assert entry["data"]["error"]["type"] == "InvalidReportError"

    async def test_a_second_execution_adds_nothing_whatever_the_portal_did_meanwhile(
        self, portal: Portal, store: ReportStore
    ) -> None:
        report = await portal.has(a_report())
        await store.record(taken(report))
        await portal.appends(report["id_zp"], {"action": "approved"})
        again = await store.record(taken(report))
        assert (again.written, again.warning) == (False, None)
        assert len((await portal.row(report["id_zp"])).history) == 2

    @pytest.mark.parametrize("state", ["draft", "submitted", "rejected", "approved"])
    async def test_a_report_in_another_state_is_left_alone_with_a_warning(
        self, portal: Portal, store: ReportStore, state: str
    ) -> None:
        report = await portal.has(a_report(), state=state)
        recorded = await store.record(taken(report))
        assert not recorded.written
        assert recorded.warning is not None
        assert f"in state {state}" in recorded.warning
        row = await portal.row(report["id_zp"])
        assert (row.state, row.history) == (state, [])

    async def test_a_report_that_the_portal_does_not_have_is_a_warning(
        self, portal: Portal, store: ReportStore
    ) -> None:
        recorded = await store.record(taken(a_report()))
        assert recorded.warning is not None
        assert "not in the portal's table" in recorded.warning

    async def test_nothing_is_lost_while_the_portal_writes_at_the_same_time(
        self, portal: Portal, store: ReportStore
    ) -> None:
        """500 writes in random order: each outcome twice, and three entries of the portal's."""
        chance = random.Random(7)
        reports = [await portal.has(a_report()) for _ in range(100)]

        async def one(report: dict[str, Any]) -> None:
            writes = [
                store.record(taken(report)),
                store.record(taken(report)),
                *(portal.appends(report["id_zp"], {"action": f"portal-{n}"}) for n in range(3)),
            ]
            chance.shuffle(writes)
            await asyncio.gather(*writes)

        for start in range(0, len(reports), 4):
            await asyncio.gather(*(one(report) for report in reports[start : start + 4]))
        for report in reports:
            actions = [entry["action"] for entry in (await portal.row(report["id_zp"])).history]
            assert sorted(actions) == ["insyz_submitted", "portal-0", "portal-1", "portal-2"]


class TestDispatching:
    @pytest.mark.parametrize("state", ["send", "rejected"])
    async def test_marks_the_report_as_sent(
        self, portal: Portal, store: ReportStore, state: str
    ) -> None:
        report = await portal.has(a_report(), state=state)
        given = await store.dispatch(report["report_id"], submitted_by=77, resend=False, now=NOW)
        row = await portal.row(report["id_zp"])
        assert (row.state, row.history[0]["action"], row.history[0]["user"]) == (
            "send",
            "dispatch_to_insyz",
            77,
        )
        assert str(row.date_send).startswith("2026-06-20 18:22:01")
        assert given == report | {"submitted_by": 77}

    async def test_keeps_the_portals_order_and_letters(
        self, portal: Portal, store: ReportStore
    ) -> None:
        fields = {"Žluťoučký": "kůň", "B": 1.50, "A": {"z": 1, "a": [None, True]}}
        report = await portal.has(a_report(data_b=fields))
        given = await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)
        assert list(given["data_b"].items()) == list(fields.items())

    async def test_twice_is_one_entry(self, portal: Portal, store: ReportStore) -> None:
        report = await portal.has(a_report())

        async def dispatch() -> None:
            await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)

        await asyncio.gather(*(dispatch() for _ in range(10)))
        assert len((await portal.row(report["id_zp"])).history) == 1

    async def test_of_a_draft_is_refused(self, portal: Portal, store: ReportStore) -> None:
        report = await portal.has(a_report(), state="draft")
        with pytest.raises(NotSendableError, match="in state draft"):
            await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)

    @pytest.mark.parametrize("state", ["submitted", "approved"])
    async def test_of_a_report_that_insyz_has_is_refused_unless_it_is_resent(
        self, portal: Portal, store: ReportStore, state: str
    ) -> None:
        report = await portal.has(a_report(), state=state)
        with pytest.raises(AlreadyDoneError):
            await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)
        assert (await portal.row(report["id_zp"])).state == state
        await store.dispatch(report["report_id"], submitted_by=None, resend=True, now=NOW)
        assert (await portal.row(report["id_zp"])).state == "send"

    async def test_of_an_invalid_report_leaves_it_as_it_is(
        self, portal: Portal, store: ReportStore
    ) -> None:
        report = await portal.has(a_report(data_b={"Prilohy_Usek": [99]}), state="rejected")
        with pytest.raises(InvalidReportError, match=r"data_b\.Prilohy_Usek.*99"):
            await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)
        assert (await portal.row(report["id_zp"])).state == "rejected"

    async def test_of_nothing_is_named(self, portal: Portal, store: ReportStore) -> None:
        with pytest.raises(ReportNotFoundError, match="987654"):
            await store.dispatch(987654, submitted_by=None, resend=False, now=NOW)

    async def test_resolves_attachments_wherever_they_are_named(
        self, portal: Portal, store: ReportStore
    ) -> None:
        ids = [await portal.has_attachment(path=f"uploads/{name}.pdf") for name in "abc"]
        nights = [{"id": "n1", "Prilohy": [str(ids[0])]}]
        report = await portal.has(
            a_report(
                data_a={"Noclezne": nights},
                data_b={"Stavy_Tim": {"BN1": {"Predmety": {"7": {"Prilohy": ids[1:]}}}}},
            )
        )
        given = await store.dispatch(report["report_id"], submitted_by=None, resend=False, now=NOW)
        assert {one["id"]: one["url"] for one in given["attachments"]} == {
            id_: f"https://portal.example/uploads/{name}.pdf"
            for id_, name in zip(ids, "abc", strict=True)
        }

    async def test_lists_what_is_pending(self, portal: Portal, store: ReportStore) -> None:
        sent = await portal.has(a_report())
        draft = await portal.has(a_report(), state="draft")
        pending = await store.pending()
        assert sent["report_id"] in pending
        assert draft["report_id"] not in pending


class TestADatabaseInTrouble:
    async def test_a_lock_held_for_too_long_is_unavailable_not_for_ever(
        self, portal: Portal
    ) -> None:
        report = await portal.has(a_report())
        async with a_store(portal.url, statement_secs=1) as store, portal.locked(report["id_zp"]):
            with pytest.raises(StoreUnavailableError):
                await store.record(taken(report))

    async def test_a_database_that_was_down_is_used_again_when_it_is_back(self) -> None:
        async with (
            postgres_server() as server,
            Portal(server.url) as portal,
            a_store(server.url) as store,
        ):
            report = await portal.has(a_report())
            await store.pending()
            await portal.close()
            await server.stop()
            with pytest.raises(StoreUnavailableError):
                await store.record(taken(report))
            await server.start()
            assert (await store.record(taken(report))).written

    async def test_missing_tables_of_the_portal_are_named(self, postgres: PostgresServer) -> None:
        async with a_store(postgres.url.replace("/postgres", "/template1")) as store:
            with pytest.raises(StoreMisconfiguredError, match="reports"):
                await store.check()

    async def test_the_embedded_file_is_made_on_first_use(self, tmp_path: Path) -> None:
        async with a_store(f"sqlite:///{tmp_path / 'new.db'}") as store:
            await store.check()
            assert await store.pending() == []

    @pytest.mark.parametrize("url", ["mysql://u:p4ssw0rd@h/d", "nonsense p4ssw0rd", ""])
    def test_an_address_of_another_kind_is_refused_without_naming_it(self, url: str) -> None:
        with pytest.raises(StoreMisconfiguredError) as refusal:
            a_store(url)
        assert "p4ssw0rd" not in str(refusal.value)

    async def test_the_password_is_in_no_error(self) -> None:
        url = f"postgresql://portal:p4ssw0rd@127.0.0.1:{free_port()}/postgres"
        async with a_store(url) as store:
            with pytest.raises(StoreUnavailableError) as refusal:
                await store.check()
        assert "p4ssw0rd" not in f"{refusal.value!r} {refusal.value.__cause__!r} {store!r}"

    @pytest.mark.parametrize(
        ("error", "meaning"),
        [
            (exc.OperationalError, StoreUnavailableError),
            (exc.InterfaceError, StoreUnavailableError),
            (exc.InternalError, StoreUnavailableError),
            (exc.DataError, StoreUnavailableError),
            (exc.IntegrityError, StoreUnavailableError),
            (exc.ProgrammingError, StoreMisconfiguredError),
            (exc.NotSupportedError, StoreUnavailableError),
        ],
    )
    def test_every_kind_of_driver_error_has_a_meaning(
        self, error: type[exc.DBAPIError], meaning: type[StoreError]
    ) -> None:
        assert isinstance(translated(error("select 1", {}, Exception("gone"))), meaning)
