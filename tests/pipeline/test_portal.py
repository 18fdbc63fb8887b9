"""The portal hears what became of a report: in its table, by a webhook, whatever dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from insyz.settings import Settings
from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from tests.conftest import TOKEN, scaled_down
from tests.portal import Portal
from tests.postgres import postgres_server
from tests.receiver import SECRET, Receiver
from tests.support import (
    SCALED_DOWN,
    TemporalServer,
    a_report,
    eventually,
    insyz_command,
    reaches,
    worker_process,
)
from worker import whole_worker
from workflows.contract import Phase, State, Status, workflow_id


@pytest.fixture
def settings(insyz: Simulator, portal: Portal) -> Settings:
    return scaled_down(insyz.url, reports_database_url=portal.url)


@pytest.fixture
async def worker(client: Client, settings: Settings) -> AsyncIterator[None]:
    async with whole_worker(client, settings) as worker, worker:
        yield


async def submitted(client: Client, report: dict[str, Any]) -> Status:
    ended = await wait_for_result(await submit(report, client=client), 30)
    assert ended is not None
    return ended


@pytest.mark.usefixtures("worker")
class TestThePortalsTable:
    async def test_shows_a_report_that_insyz_took_as_submitted(
        self, client: Client, portal: Portal
    ) -> None:
        report = await portal.has(a_report())
        ended = await submitted(client, report)
        row = await portal.row(report["id_zp"])
        assert row.state == "submitted"
        entry = row.history[-1]
        assert (entry["action"], entry["user"], entry["state"]) == (
            "insyz_submitted",
            4133,
            "submitted",
        )
        assert entry["details"] == "Hlášení úspěšně přijato systémem INSYZ"
        assert entry["data"]["receipt"] == ended.receipt
        assert ended.phase is Phase.TAKEN

    async def test_shows_a_report_that_insyz_refused_as_rejected_with_the_reason(
        self, client: Client, portal: Portal, insyz: Simulator
    ) -> None:
        report = await portal.has(a_report())
        insyz.script(report["id_zp"], fault("status", code=422, message="příkaz je vyúčtován"))
        await submitted(client, report)
        row = await portal.row(report["id_zp"])
        assert row.state == "rejected"
        assert row.history[-1]["action"] == "insyz_error"
        assert "příkaz je vyúčtován" in row.history[-1]["details"]

    async def test_shows_a_malformed_report_as_rejected_too(
        self, client: Client, portal: Portal
    ) -> None:
        report = await portal.has(a_report())
        await client.start_workflow(
            "SubmitReport",
            report | {"data_b": None},
            id=workflow_id(report["id_zp"]),
            task_queue="insyz",
        )
        await portal.shows(report, "rejected")
        assert "data_b" in (await portal.row(report["id_zp"])).history[-1]["details"]

    async def test_is_left_alone_where_the_portal_has_changed_the_report_meanwhile(
        self, client: Client, portal: Portal, insyz: Simulator
    ) -> None:
        report = await portal.has(a_report(), state="draft")
        ended = await submitted(client, report)
        assert (await portal.row(report["id_zp"])).state == "draft"
        assert ended.state is State.SUBMITTED
        assert any("draft" in warning for warning in ended.warnings)

    async def test_is_no_matter_for_a_report_that_it_does_not_have(
        self, client: Client, portal: Portal
    ) -> None:
        ended = await submitted(client, a_report())
        assert ended.state is State.SUBMITTED
        assert len(ended.warnings) == 1


class TestThePortalsDatabaseIsDown:
    async def test_when_insyz_takes_the_report_it_is_told_later_and_never_shown_as_failed(
        self, client: Client, insyz: Simulator
    ) -> None:
        async with postgres_server() as server, Portal(server.url) as portal:
            report = await portal.has(a_report())
            settings = scaled_down(insyz.url, reports_database_url=server.url)
            async with whole_worker(client, settings) as worker, worker:
                await portal.close()
                await server.stop()
                started = await submit(report, client=client)
                now = await reaches(client, report, Phase.RECORDING)
                assert now.state is State.SUBMITTED
                await server.start()
                ended = await wait_for_result(started, 30)
            assert ended is not None
            assert (ended.state, ended.phase) == (State.SUBMITTED, Phase.TAKEN), ended
            assert (await portal.row(report["id_zp"])).state == "submitted"


class TestAWorkerIsKilled:
    async def test_before_or_after_it_told_the_portal_the_end_is_the_same(
        self, client: Client, insyz: Simulator, portal: Portal
    ) -> None:
        env = SCALED_DOWN | {"REPORTS_DATABASE_URL": portal.url}
        report = await portal.has(a_report())
        async with worker_process(insyz.url, TOKEN, **env) as first:
            async with portal.locked(report["id_zp"]):
                started = await submit(report, client=client)

                async def insyz_has_it() -> None:
                    assert insyz.stats()["taken"] == 1

                await eventually(insyz_has_it)
                await asyncio.sleep(0.3)
            # The lock is free: the outcome is being written just now.
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **env):
            ended = await wait_for_result(started, 30)
        assert ended is not None
        assert ended.state is State.SUBMITTED
        row = await portal.row(report["id_zp"])
        assert row.state == "submitted"
        assert [entry["action"] for entry in row.history] == ["insyz_submitted"]
        assert insyz.stats()["taken"] == 1


class TestTheWebhook:
    @pytest.fixture
    def receiver(self) -> Receiver:
        return Receiver()

    @pytest.fixture
    def portal(self) -> None:
        """None: the portal's database is out of reach."""

    @pytest.fixture
    def settings(self, insyz: Simulator, receiver: Receiver) -> Settings:
        return scaled_down(
            insyz.url, outcome_webhook_url=receiver.url, outcome_webhook_secret=SECRET
        )

    @pytest.mark.usefixtures("worker")
    async def test_gets_the_signed_status_object(self, client: Client, receiver: Receiver) -> None:
        async with receiver.listening():
            ended = await submitted(client, a_report())
        ((_, body),) = receiver.messages
        assert Status.model_validate(body) == ended

    @pytest.mark.usefixtures("worker")
    async def test_is_called_until_it_answers_well_and_can_tell_repetitions_by_their_id(
        self, client: Client, receiver: Receiver
    ) -> None:
        receiver.answers = [500, 302, 404]
        async with receiver.listening():
            await submitted(client, a_report())
        assert len(receiver.messages) == 4
        assert len({message_id for message_id, _ in receiver.messages}) == 1

    @pytest.mark.usefixtures("worker")
    async def test_that_is_down_or_slow_hears_of_it_in_the_end(
        self, client: Client, receiver: Receiver
    ) -> None:
        report = a_report()
        started = await submit(report, client=client)
        assert (await reaches(client, report, Phase.RECORDING)).state is State.SUBMITTED
        receiver.delays = [1.5]
        async with receiver.listening():
            ended = await wait_for_result(started, 30)
        assert ended is not None
        assert ended.phase is Phase.TAKEN
        assert receiver.messages


class TestTheCommandLine:
    @pytest.fixture(autouse=True)
    def environment(self, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REPORTS_DATABASE_URL", portal.url)
        monkeypatch.setenv("PORTAL_BASE_URL", "https://portal.example")

    @pytest.mark.usefixtures("worker")
    async def test_submits_a_report_from_the_table_with_its_attachments(
        self, portal: Portal, insyz: Simulator
    ) -> None:
        attachment = await portal.has_attachment(path="/uploads/11.pdf")
        fields = {"Prilohy_Usek": [attachment]}
        report = await portal.has(a_report(data_b=fields), state="rejected")
        ran = await insyz_command(
            *("submit", "--report-id", str(report["report_id"]), "--submitted-by", "77"),
            *("--wait", "--json"),
        )
        assert ran.code == 0, ran
        xml = json.loads(insyz.requests[-1].body)["xml_data"]
        assert ">https://portal.example/uploads/11.pdf</Priloha>" in xml
        row = await portal.row(report["id_zp"])
        assert row.state == "submitted"
        assert row.date_send is not None
        assert [(entry["action"], entry["user"]) for entry in row.history] == [
            ("dispatch_to_insyz", 77),
            ("insyz_submitted", 77),
        ]

    @pytest.mark.parametrize(("state", "code"), [("draft", 1), ("submitted", 5), ("approved", 5)])
    async def test_refuses_a_report_in_another_state(
        self, client: Client, portal: Portal, state: str, code: int
    ) -> None:
        report = await portal.has(a_report(), state=state)
        ran = await insyz_command("submit", "--report-id", str(report["report_id"]))
        assert (ran.code, ran.stdout) == (code, "")
        assert (await portal.row(report["id_zp"])).state == state

    async def test_refuses_a_report_whose_attachment_is_not_there_and_leaves_it_as_it_is(
        self, client: Client, portal: Portal
    ) -> None:
        report = await portal.has(a_report(data_b={"Prilohy_Usek": [999]}), state="rejected")
        ran = await insyz_command("submit", "--report-id", str(report["report_id"]))
        assert ran.code == 2
        assert "data_b.Prilohy_Usek" in ran.stderr
        assert "999" in ran.stderr
        assert (await portal.row(report["id_zp"])).state == "rejected"

    async def test_a_report_that_does_not_exist_exits_with_1(
        self, client: Client, portal: Portal
    ) -> None:
        assert (await insyz_command("submit", "--report-id", "999999")).code == 1

    @pytest.mark.usefixtures("worker")
    async def test_pending_submits_what_a_dead_backend_left_behind(
        self, client: Client, portal: Portal, insyz: Simulator
    ) -> None:
        left = [await portal.has(a_report()) for _ in range(3)]
        await portal.has(a_report(), state="draft")
        ran = await insyz_command("submit", "--pending", "--json")
        assert ran.code == 0, ran
        assert len(ran.json["started"]) == 3
        for report in left:
            await portal.shows(report, "submitted")
        assert insyz.stats()["taken"] == 3
        assert (await insyz_command("submit", "--pending")).stdout == (
            "started: 0, running: 0, recorded: 0, failed: 0\n"
        )

    async def test_pending_writes_an_outcome_that_the_portal_never_heard_of(
        self, client: Client, portal: Portal, insyz: Simulator
    ) -> None:
        report = a_report()
        async with whole_worker(client, scaled_down(insyz.url)) as worker, worker:
            await submitted(client, report)
        await portal.has(report)
        ran = await insyz_command("submit", "--pending", "--json")
        assert ran.json["recorded"] == [report["report_id"]]
        assert (await portal.row(report["id_zp"])).state == "submitted"
        assert insyz.stats()["taken"] == 1

    @pytest.mark.parametrize(
        ("state", "words"),
        [("draft", "rozpracované"), ("send", "čeká na odeslání"), ("approved", "schválené")],
    )
    async def test_status_answers_from_the_table_where_no_workflow_is_known(
        self, client: Client, portal: Portal, state: str, words: str
    ) -> None:
        report = await portal.has(a_report(), state=state)
        ran = await insyz_command("status", str(report["id_zp"]), "--json")
        assert ran.code == 0, ran
        assert (ran.json["state"], ran.json["phase"]) == (state, "untracked")
        assert words in ran.json["message"]

    async def test_status_knows_the_receipt_of_a_workflow_past_its_retention(
        self, client: Client, portal: Portal, settings: Settings, tmp_path: Path
    ) -> None:
        report = await portal.has(a_report())
        async with whole_worker(client, settings) as worker, worker:
            ended = await submitted(client, report)
        forgetful = TemporalServer(tmp_path)
        try:
            await forgetful.start()
            ran = await insyz_command("status", str(report["id_zp"]), "--json")
        finally:
            await forgetful.kill()
        assert (ran.json["state"], ran.json["phase"]) == ("submitted", "untracked")
        assert ran.json["receipt"] == ended.receipt
        assert ran.json["submission_key"] == ended.submission_key
