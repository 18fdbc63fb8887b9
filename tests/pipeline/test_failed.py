"""The failed queue: `insyz failed`, `insyz failed retry`, `insyz failed dismiss`."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from insyz.resend import Resend
from insyz.settings import Settings
from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.dismissals import dismissals
from starter.setup import register_search_attributes
from tests.conftest import scaled_down
from tests.portal import Portal
from tests.support import a_report, eventually, insyz_command, reaches, temporal_cli
from worker import whole_worker
from workflows.contract import MEMO_KEY, Phase, State, Status, workflow_id

REFUSED = fault("status", code=422, message="příkaz je vyúčtován")
Fields = dict[str, Any]


@pytest.fixture
def settings(insyz: Simulator) -> Settings:
    return scaled_down(insyz.url)


@pytest.fixture
async def worker(client: Client, settings: Settings) -> Any:
    async with whole_worker(client, settings) as worker, worker:
        yield


async def a_failed_report(client: Client, insyz: Simulator, **changes: Any) -> Fields:
    report = a_report(**changes)
    insyz.script(report["id_zp"], REFUSED)
    await ended(client, report)
    return report


async def ended(client: Client, report: Fields) -> Status:
    status = await wait_for_result(await submit(report, client=client), 30)
    assert status is not None
    return status


async def failed(*args: str) -> list[Fields]:
    ran = await insyz_command("failed", "--json", *args)
    assert ran.code == 0, ran
    listed: list[Fields] = ran.json["failed"]
    return listed


async def ids(*args: str) -> list[int]:
    return [one["id_zp"] for one in await failed(*args)]


async def are_listed(*reports: Fields) -> None:
    """Returns once these reports, and no others, are in the queue."""

    async def so() -> None:
        assert sorted(await ids()) == sorted(one["id_zp"] for one in reports)

    await eventually(so)


def latest(client: Client, report: Fields) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(workflow_id(report["id_zp"]))


@pytest.mark.usefixtures("worker")
class TestTheQueue:
    async def test_says_what_failed_when_and_why(self, client: Client, insyz: Simulator) -> None:
        before = datetime.now(UTC)
        report = await a_failed_report(client, insyz)
        await are_listed(report)
        (one,) = await failed()
        assert (one["id_zp"], one["cislo_zp"]) == (report["id_zp"], report["cislo_zp"])
        assert one["error"]["type"] == "InvalidReportError"
        assert "příkaz je vyúčtován" in one["error"]["message"]
        assert one["tries"] == 1
        assert before <= datetime.fromisoformat(one["when"]) <= datetime.now(UTC)
        table = (await insyz_command("failed")).stdout
        for text in (str(report["id_zp"]), report["cislo_zp"], "příkaz je vyúčtován"):
            assert text in table

    async def test_holds_what_was_started_malformed_or_under_a_wrong_id(
        self, client: Client
    ) -> None:
        for name, given in (("submit-report-77", {"bad": 1}), ("my-own-id", a_report())):
            await client.start_workflow("SubmitReport", given, id=name, task_queue="insyz")

        async def both() -> None:
            listed = {one["workflow_id"]: one for one in await failed()}
            assert listed.keys() == {"submit-report-77", "my-own-id"}
            assert listed["submit-report-77"]["id_zp"] == 77
            assert "data_a: Field required" in listed["submit-report-77"]["error"]["message"]
            assert "must be 'submit-report-" in listed["my-own-id"]["error"]["message"]

        await eventually(both)

    async def test_does_not_hold_a_report_that_a_later_run_brought_to_insyz(
        self, client: Client, insyz: Simulator
    ) -> None:
        twice, once = [await a_failed_report(client, insyz) for _ in range(2)]
        insyz.script(twice["id_zp"], REFUSED)
        await ended(client, twice)
        await are_listed(twice, once)
        assert (await ended(client, twice)).state is State.SUBMITTED
        await are_listed(once)

    async def test_holds_a_report_whose_resend_failed(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        await ended(client, report)
        insyz.script(report["id_zp"], REFUSED)
        await wait_for_result(
            await submit(report, client=client, resend=Resend(by="J", why="x")), 30
        )
        await are_listed(report)

    async def test_can_be_narrowed_by_type_and_by_time(
        self, client: Client, insyz: Simulator
    ) -> None:
        refused = await a_failed_report(client, insyz)
        unauthorized = a_report()
        insyz.script(unauthorized["id_zp"], fault("status", code=401))
        await ended(client, unauthorized)
        await are_listed(refused, unauthorized)
        assert await ids("--type", "AuthenticationError") == [unauthorized["id_zp"]]
        assert await ids("--type", "OutcomeUnknownError") == []
        assert len(await ids("--since", "1h")) == 2
        assert await ids("--since", "2100-01-01") == []
        assert (await insyz_command("failed", "--since", "gestern")).code == 2


async def test_a_terminated_run_is_listed_until_its_report_is_open_again(client: Client) -> None:
    await register_search_attributes(client)
    report = a_report()
    await submit(report, client=client)
    await latest(client, report).terminate(reason="zkouška")
    await are_listed(report)
    (one,) = await failed()
    assert one["error"] == {"type": "TerminatedError", "message": "zkouška"}
    assert one["cislo_zp"] == report["cislo_zp"]
    await submit(report, client=client)
    await are_listed()


class TestRetry:
    @pytest.mark.usefixtures("worker")
    async def test_starts_a_report_anew_with_what_it_was_started_with(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = await a_failed_report(client, insyz, Budoucí_Pole={"a": [1.50, None]})
        first = await latest(client, report).describe()
        ran = await insyz_command("failed", "retry", str(report["id_zp"]), "--json")
        assert (ran.code, ran.json) == (
            0,
            {"started": 1, "running": 0, "submitted": 0, "failed": {}},
        )
        await reaches(client, report, State.SUBMITTED)
        second = await latest(client, report).describe()
        assert second.run_id != first.run_id
        assert (await second.memo())[MEMO_KEY] == (await first.memo())[MEMO_KEY]
        await are_listed()

    @pytest.mark.usefixtures("worker")
    async def test_finds_what_insyz_took_from_a_run_that_was_broken_off(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        await submit(report, client=client)

        async def taken() -> None:
            assert insyz.stats()["taken"] == 1

        await eventually(taken)
        await latest(client, report).terminate(reason="zkouška")
        await are_listed(report)
        assert (await insyz_command("failed", "retry", "--all")).code == 0
        await reaches(client, report, Phase.FOUND)
        assert insyz.stats()["taken"] == 1

    @pytest.mark.usefixtures("worker")
    async def test_counts_what_has_not_failed_and_names_what_it_does_not_know(
        self, client: Client, insyz: Simulator
    ) -> None:
        there, open_ = a_report(), a_report()
        await ended(client, there)
        insyz.script(open_["id_zp"], fault("unavailable", retry_after=600))
        await submit(open_, client=client)
        ran = await insyz_command(
            *("failed", "--json", "retry", str(there["id_zp"]), str(open_["id_zp"]), "4711")
        )
        assert ran.code == 1
        assert {name: ran.json[name] for name in ("started", "running", "submitted")} == {
            "started": 0,
            "running": 1,
            "submitted": 1,
        }
        assert ran.json["failed"].keys() == {"4711"}
        assert "4711: UnknownReportError: no submission submit-report-4711 is known" in ran.stderr

    @pytest.mark.usefixtures("worker")
    async def test_may_be_narrowed_like_the_list(self, client: Client, insyz: Simulator) -> None:
        refused = await a_failed_report(client, insyz)
        unauthorized = a_report()
        insyz.script(unauthorized["id_zp"], fault("status", code=401))
        await ended(client, unauthorized)
        await are_listed(refused, unauthorized)
        ran = await insyz_command("failed", "--since", "1h", "retry", "--type=AuthenticationError")
        assert (ran.code, ran.stdout) == (0, "started: 1, running: 0, submitted: 0, failed: 0\n")
        await reaches(client, unauthorized, State.SUBMITTED)
        await are_listed(refused)

    @pytest.mark.parametrize("args", [(), ("1", "--all"), ("1", "--type", "X")])
    async def test_must_be_told_which(self, args: tuple[str, ...]) -> None:
        ran = await insyz_command("failed", "retry", *args)
        assert ran.code == 2
        assert "either ID_ZP…, or --all, --type or --since" in ran.stderr


class TestRetryWithThePortalsTable:
    @pytest.fixture
    def settings(
        self, insyz: Simulator, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> Settings:
        monkeypatch.setenv("REPORTS_DATABASE_URL", portal.url)
        return scaled_down(insyz.url, reports_database_url=portal.url)

    @pytest.mark.usefixtures("worker")
    async def test_takes_the_edited_report_and_the_row_goes_back_to_send(
        self, client: Client, insyz: Simulator, portal: Portal
    ) -> None:
        report = await portal.has(a_report())
        insyz.script(report["id_zp"], REFUSED)
        await ended(client, report)
        await portal.shows(report, "rejected")
        await portal.edits(report["id_zp"], data_b={"Koment_Usek": "opraveno"})
        assert (await insyz_command("failed", "retry", str(report["id_zp"]))).code == 0
        await portal.shows(report, "submitted")
        (record,) = insyz.book.submissions()
        xml = insyz.book.xml_of(record)
        assert "opraveno" in xml
        assert f"<Odeslal>{report['submitted_by']}</Odeslal>" in xml

    @pytest.mark.usefixtures("worker")
    async def test_takes_the_old_input_of_a_report_that_is_not_in_the_table(
        self, client: Client, insyz: Simulator, portal: Portal
    ) -> None:
        report = await a_failed_report(client, insyz)
        assert (await insyz_command("failed", "retry", str(report["id_zp"]))).code == 0
        await reaches(client, report, State.SUBMITTED)


class TestDismiss:
    @pytest.mark.usefixtures("worker")
    async def test_keeps_a_report_out_of_the_list_until_it_fails_anew(
        self, client: Client, insyz: Simulator
    ) -> None:
        report, other = [await a_failed_report(client, insyz) for _ in range(2)]
        id_zp = str(report["id_zp"])
        ran = await insyz_command(
            *("failed", "dismiss", id_zp, "--why", "podáno papírově", "--by", "J. Nováková")
        )
        assert (ran.code, ran.stdout) == (0, "")
        assert ran.stderr == f"submit-report-{id_zp}: dismissed by J. Nováková\n"
        await are_listed(other)
        insyz.script(report["id_zp"], REFUSED)
        assert (await insyz_command("failed", "retry", id_zp)).code == 0
        await are_listed(report, other)

    async def test_holds_without_a_worker_and_is_kept_with_who_and_why(
        self, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        report = a_report()
        await submit(report, client=client)
        await latest(client, report).terminate()
        await are_listed(report)
        id_zp = str(report["id_zp"])
        dismiss = ("failed", "dismiss", id_zp, "--why", "duplicita")
        nobody = await insyz_command(*dismiss)
        assert (nobody.code, "--by" in nobody.stderr) == (2, True)
        monkeypatch.setenv("INSYZ_OPERATOR", "J. Nováková")
        assert (await insyz_command(*dismiss)).code == 0
        await are_listed()
        assert "was dismissed already" in (await insyz_command(*dismiss, "--by", "X")).stderr
        async with whole_worker(client, settings) as worker, worker:
            await eventually(lambda: self.has_ended_well(client))
        run_id = (await latest(client, report).describe()).run_id
        (known,) = (await dismissals(client)).values()
        assert (known.run_id, known.by, known.why) == (run_id, "J. Nováková", "duplicita")
        await are_listed()

    async def has_ended_well(self, client: Client) -> None:
        (one,) = [run async for run in client.list_workflows('WorkflowType="DismissFailure"')]
        assert one.status is WorkflowExecutionStatus.COMPLETED

    @pytest.mark.usefixtures("worker")
    async def test_is_for_failed_reports_only(self, client: Client, insyz: Simulator) -> None:
        there, refused = a_report(), await a_failed_report(client, insyz)
        await ended(client, there)
        reports = [str(there["id_zp"]), "4711", str(refused["id_zp"])]
        ran = await insyz_command("failed", "dismiss", *reports, "--why", "x", "--by", "y")
        assert ran.code == 1
        assert ran.stderr.splitlines() == [
            f"submit-report-{there['id_zp']}: has not failed, it is completed",
            "submit-report-4711: no submission submit-report-4711 is known",
            f"submit-report-{refused['id_zp']}: dismissed by y",
        ]
        assert (await insyz_command("failed", "dismiss", reports[2])).code == 2
        empty = ("failed", "dismiss", reports[2], "--by", "y", "--why", "")
        assert (await insyz_command(*empty)).code == 2

    @pytest.mark.usefixtures("worker")
    async def test_may_come_from_any_client_and_a_malformed_one_fails_at_once(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = await a_failed_report(client, insyz)
        run_id = (await latest(client, report).describe()).run_id
        good = '{"workflow_id": "submit-report-%d", "run_id": "%s", "by": "PHP", "why": "x"}'
        for name, given in (
            ("malformed", '{"run_id": 7}'),
            ("good", good % (report["id_zp"], run_id)),
        ):
            start = ("--type", "DismissFailure", "--task-queue", "insyz", "--workflow-id", name)
            await temporal_cli("workflow", "start", *start, "--input", given)
        told = await temporal_cli("workflow", "result", "--workflow-id", "malformed")
        assert "InvalidDismissalError: workflow_id: Field required" in told
        await are_listed()


async def test_a_thousand_failed_reports_are_listed_within_a_few_seconds(client: Client) -> None:
    async def fail(_number: int) -> None:
        started = await submit(a_report(), client=client)
        await client.get_workflow_handle(started.workflow_id).terminate()

    for _ in range(20):
        await asyncio.gather(*map(fail, range(50)))

    async def all_of_them() -> float:
        began = asyncio.get_running_loop().time()
        assert len(await failed()) == 1_000
        return asyncio.get_running_loop().time() - began

    assert await eventually(all_of_them) < 15  # two seconds, on a machine with nothing else to do
