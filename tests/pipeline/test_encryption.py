"""Nothing of what a report says can be read where Temporal keeps it, but by who has the key."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import Replayer

from insyz.errors import InvalidReportError
from insyz.settings import Settings
from simulator.faults import fault
from simulator.server import Simulator
from starter import cancel, resolve, submit, wait_for_result
from starter.dismissals import dismiss_failure
from starter.exit_codes import ExitCode
from starter.payloads import environments_converter
from starter.setup import register_search_attributes
from tests.conftest import TOKEN, scaled_down
from tests.sandbox import SANDBOX
from tests.searching import found
from tests.support import (
    SCALED_DOWN,
    TemporalServer,
    a_report,
    eventually,
    insyz_command,
    insyz_got,
    reaches,
    temporal_cli,
    worker_process,
)
from worker import interceptors
from workflows.contract import CancelRequest, Decision, Phase, State, Status, Verdict, workflow_id
from workflows.submit_report import SubmitReport
from workflows.timing import Timing

KEY = "k1:" + base64.b64encode(b"1" * 32).decode()
OTHER_KEY = "k2:" + base64.b64encode(b"2" * 32).decode()

NAME = "Bohumil Hrabánek"
PLATE = "5S7 8642"
COMMENT = 'U rozcestí "Pod Žlutým vrchem" <strom>\npřes cestu'
REFUSAL = "Hrabánek není v evidenci značkařů"
OUTAGE = "Údržba, volejte paní Kolářovou"
WHO = "Jarmila Vopičková"
WHY = "Telefonovala jsem do Prahy"
RECEIPT = "RCPT-Vopičková-77"
SECRETS = {
    *(NAME, "Hrabánek", "Pod Žlutým vrchem", PLATE, COMMENT, REFUSAL, OUTAGE, "Kolářovou"),
    *(WHO, WHY, RECEIPT),
}


@pytest.fixture(params=[KEY], ids=["encrypted"])
def keys(request: pytest.FixtureRequest) -> str:
    """INSYZ_PAYLOAD_KEYS; empty: not encrypted."""
    value: str = request.param
    return value


@pytest.fixture(autouse=True)
def keyed(clean_environment: None, keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if keys:
        monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", keys)


@pytest.fixture
async def temporal(keyed: None, tmp_path: Path) -> AsyncIterator[TemporalServer]:
    server = TemporalServer(tmp_path, db_file=tmp_path / "temporal.db")
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@pytest.fixture
def settings(insyz: Simulator) -> Settings:
    return scaled_down(insyz.url, insyz_patience_first_secs=0.5)


def a_personal_report() -> dict[str, Any]:
    return a_report(
        znackari=[{"index": 1, "Znackar": NAME, "INT_ADR": 1955, "Je_Vedouci": True}],
        data_a={
            "Datum_Provedeni": "2026-06-20",
            "Skupiny_Cest": [{"id": "a", "Cestujci": [1955], "SPZ": PLATE, "Cesty": []}],
        },
        data_b={"Koment_Usek": COMMENT},
    )


async def ended(client: Client, report: dict[str, Any]) -> Status:
    status = await wait_for_result(await submit(report, client=client), 30)
    assert status is not None
    return status


async def a_failed_report(client: Client, insyz: Simulator) -> int:
    """Its failure is dismissed, too: a memo, and a line in the list."""
    report = a_personal_report()
    insyz.script(report["id_zp"], fault("status", code=422, message=REFUSAL))
    assert (await ended(client, report)).phase is Phase.FAILED
    there = workflow_id(report["id_zp"])
    assert await dismiss_failure(client, there, by=WHO, why=WHY)
    id_zp: int = report["id_zp"]
    return id_zp


async def a_report_after_an_outage(client: Client, insyz: Simulator) -> int:
    """Its tries left word in heartbeats, and the last failure with the activity under way."""
    report = a_personal_report()
    outage = fault("status", code=503, message=OUTAGE)
    insyz.script(report["id_zp"], outage, outage, outage)
    await submit(report, client=client)
    await insyz_got(insyz, 2)
    shown = await reaches(client, report, State.SUBMITTED)
    assert shown.attempt > 2
    id_zp: int = report["id_zp"]
    return id_zp


async def a_decided_report(client: Client, insyz: Simulator) -> int:
    """A query that Temporal relayed, a signal and an update are in its story."""
    report = a_personal_report()
    id_zp: int = report["id_zp"]
    insyz.script(id_zp, fault("reset_after"))
    insyz.script(id_zp, fault("status", code=404, message=REFUSAL), target="lookup")
    insyz.script(id_zp, *[fault("status", code=405)] * 9, target="lookup")
    await submit(report, client=client)
    await reaches(client, report, Phase.NEEDS_DECISION)
    await cancel(id_zp, CancelRequest(by=WHO, why=WHY), client=client)
    decision = Decision(decision=Verdict.SUBMITTED, by=WHO, why=WHY, receipt=RECEIPT)
    await resolve(id_zp, decision, client=client)
    assert (await reaches(client, report, State.SUBMITTED)).decision == decision
    return id_zp


async def told_by_temporal(id_zp: int) -> bytes:
    """All that its own CLI says of a run."""
    there = ("--workflow-id", workflow_id(id_zp))
    return "\n".join(
        [
            await temporal_cli("workflow", "show", *there),
            await temporal_cli("workflow", "show", *there, "--output", "json"),
            await temporal_cli("workflow", "describe", *there),
            await temporal_cli("workflow", "describe", *there, "--output", "json"),
            await temporal_cli("workflow", "metadata", *there, "--output", "json"),
            await temporal_cli("workflow", "query", *there, "--type", "status"),
            await temporal_cli("workflow", "list", "--output", "json"),
        ]
    ).encode()


@pytest.mark.usefixtures("worker")
class TestWhatTemporalKeepsAndTells:
    @pytest.fixture(autouse=True)
    async def told(self, client: Client, insyz: Simulator) -> None:
        await register_search_attributes(client)

    @pytest.fixture
    async def of_three_runs(self, client: Client, insyz: Simulator) -> bytes:
        stories = (a_failed_report, a_report_after_an_outage, a_decided_report)
        ids = await asyncio.gather(*(story(client, insyz) for story in stories))
        return b"\n".join([await told_by_temporal(id_zp) for id_zp in ids])

    async def test_nothing_that_a_report_says_and_nothing_that_was_said_of_it(
        self, of_three_runs: bytes, temporal: TemporalServer, tmp_path: Path
    ) -> None:
        await temporal.kill()
        files = sorted(tmp_path.glob("temporal.*"))
        assert {file.name for file in files} >= {"temporal.db", "temporal.db-wal"}
        assert found(of_three_runs, SECRETS) == set()
        assert {file.name: found(file.read_bytes(), SECRETS) for file in files} == {
            file.name: set() for file in files
        }

    @pytest.mark.parametrize("keys", [""], indirect=True, ids=["not-encrypted"])
    async def test_without_keys_the_search_finds_them_all(
        self, of_three_runs: bytes, temporal: TemporalServer, tmp_path: Path
    ) -> None:
        await temporal.kill()
        files = [file.read_bytes() for file in tmp_path.glob("temporal.db*")]
        assert found(of_three_runs, SECRETS) == SECRETS
        assert found(b"".join(files), SECRETS) == SECRETS

    async def test_the_line_in_the_list_names_the_order_and_nobody(self, client: Client) -> None:
        report = a_personal_report()
        await ended(client, report)
        there = await client.get_workflow_handle(workflow_id(report["id_zp"])).describe()
        assert await there.static_summary() == report["cislo_zp"]

    async def test_a_report_that_was_handed_over_in_plain_is_delivered(
        self, client: Client, insyz: Simulator, tmp_path: Path
    ) -> None:
        report = a_personal_report()
        file = tmp_path / "report.json"
        file.write_text(json.dumps(report), encoding="utf-8")
        await temporal_cli(
            *("workflow", "start", "--type", "SubmitReport", "--task-queue", "insyz"),
            *("--workflow-id", workflow_id(report["id_zp"]), "--input-file", str(file)),
        )
        assert (await reaches(client, report, State.SUBMITTED)).error is None
        assert insyz.stats()["taken"] == 1

    async def test_an_encrypted_run_replays(self, client: Client, insyz: Simulator) -> None:
        report = a_personal_report()
        insyz.script(report["id_zp"], "reset_after")
        await ended(client, report)
        handle = client.get_workflow_handle(workflow_id(report["id_zp"]))
        replayer = Replayer(
            workflows=[SubmitReport],
            interceptors=interceptors(Timing()),
            data_converter=environments_converter(),
            workflow_runner=SANDBOX,
        )
        await replayer.replay_workflow(await handle.fetch_history())


LIMITED = re.compile(r"the report (has|makes) [\d,]+ bytes( of XML)?; the limit is 1,900,000")


def printable(count: int) -> str:
    """Text that no compression makes much smaller."""
    characters = [chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\&<>']
    return "".join(Random(count).choices(characters, k=count))


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("keys", [KEY, ""], indirect=True, ids=["encrypted", "not-encrypted"])
class TestALargeReport:
    @pytest.mark.parametrize("text_of", [printable, "a".__mul__], ids=["dense", "thin"])
    async def test_of_three_megabytes_is_refused_by_whoever_would_start_it(
        self, client: Client, tmp_path: Path, text_of: Callable[[int], str]
    ) -> None:
        report = a_report(data_b={"Koment_Usek": text_of(3_000_000)})
        with pytest.raises(InvalidReportError, match=LIMITED):
            await submit(report, client=client)
        file = tmp_path / "report.json"
        file.write_text(json.dumps(report), encoding="utf-8")
        ran = await insyz_command("submit", str(file))
        assert ran.code == ExitCode.INVALID
        assert LIMITED.search(ran.stderr)

    async def test_that_another_client_got_through_compressed_fails_at_once(
        self, client: Client
    ) -> None:
        report = a_report(data_b={"Koment_Usek": "a" * 3_000_000})
        handle = await client.start_workflow(
            "SubmitReport", report, id=workflow_id(report["id_zp"]), task_queue="insyz"
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), 20)
        assert LIMITED.search(str(failed.value.cause))

    async def test_just_within_the_limit_goes_through(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report(data_b={"Koment_Usek": printable(1_899_400)})
        status = await ended(client, report)
        assert (status.state, status.error) == (State.SUBMITTED, None)
        assert insyz.stats()["taken"] == 1


@asynccontextmanager
async def a_worker_with(keys: str, insyz: Simulator) -> AsyncIterator[None]:
    async with worker_process(insyz.url, TOKEN, INSYZ_PAYLOAD_KEYS=keys, **SCALED_DOWN) as process:
        yield
        assert process.returncode is None


async def a_task_was_given_up(client: Client, report: dict[str, Any]) -> str:
    """What the worker said that could not go on."""
    handle = client.get_workflow_handle(workflow_id(report["id_zp"]))

    async def given_up() -> str:
        events = (await handle.fetch_history()).events
        failed = [e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
        assert failed
        return failed[-1].workflow_task_failed_event_attributes.failure.message

    return await eventually(given_up)


class TestWithoutTheKey:
    @pytest.mark.parametrize("wrong", ["", OTHER_KEY], ids=["no-keys", "another-key"])
    async def test_a_run_waits_for_a_worker_that_has_it(
        self, client: Client, insyz: Simulator, wrong: str
    ) -> None:
        report = a_personal_report()
        async with a_worker_with(wrong, insyz):
            await submit(report, client=client)
            said = await a_task_was_given_up(client, report)
        assert "encrypted with the key 'k1'" in said
        async with a_worker_with(KEY, insyz):
            await reaches(client, report, State.SUBMITTED, within=60)
        assert insyz.stats()["taken"] == 1

    async def test_a_try_that_falls_to_such_a_worker_costs_nobody_the_report(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_personal_report()
        insyz.script(report["id_zp"], "status:503", "status:503")
        async with a_worker_with(KEY, insyz):
            await submit(report, client=client)
            await insyz_got(insyz, 1)
        async with a_worker_with("", insyz):
            await a_task_was_given_up(client, report)
        async with a_worker_with(KEY, insyz):
            await reaches(client, report, State.SUBMITTED, within=60)
        assert insyz.stats()["taken"] == 1

    async def test_a_starter_names_it_in_one_line(
        self, client: Client, insyz: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        report = a_personal_report()
        async with a_worker_with(KEY, insyz):
            await ended(client, report)
        id_zp = str(report["id_zp"])
        for keys in ("", OTHER_KEY):
            monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", keys)
            for command in ("status", "show"):
                ran = await insyz_command(command, id_zp)
                assert ran.code == ExitCode.FAILED, ran
                assert ran.stderr.startswith("insyz: encrypted with the key 'k1', which INSYZ_PAY")
                assert len(ran.stderr.splitlines()) == 1

    async def test_keys_that_are_none_start_nothing(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", "k1:c2VjcmV0")
        ran = await insyz_command("submit", "-", stdin=json.dumps(a_personal_report()))
        assert ran.code == ExitCode.INVALID
        assert ran.stderr == "insyz: INSYZ_PAYLOAD_KEYS: key 'k1' must be 32 bytes in base64\n"
