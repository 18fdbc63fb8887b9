"""`insyz doctor` against each of its failures, every one of them real."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    RespondWorkflowTaskFailedRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from simulator.server import Simulator
from starter.doctor.clock import outside
from starter.doctor.report import CHECKS
from starter.embedded import keep_closed_workflows
from starter.setup import register_search_attributes
from starter.submission import submit
from starter.workers import live_workers
from tests.conftest import TOKEN
from tests.portal import Portal
from tests.support import (
    INSYZ,
    Ran,
    TemporalServer,
    a_report,
    eventually,
    free_port,
    insyz_command,
    worker_process,
)
from workflows.contract import SUBMIT_REPORT, TASK_QUEUE, Phase
from workflows.visibility import PHASE

WHOLE_SECS = 15.0


@pytest.fixture(autouse=True)
def settings_of_the_site(
    clean_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All right but for what is not there: nobody listens at either address."""
    monkeypatch.setenv("INSYZ_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("INSYZ_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("INSYZ_TOKEN", TOKEN)
    monkeypatch.delenv("REPORTS_DATABASE_URL", raising=False)


@pytest.fixture
def insyz_url(insyz: Simulator, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("INSYZ_URL", insyz.url)
    return insyz.url


async def found(*args: str, code: int) -> dict[str, dict[str, Any]]:
    """The findings by the names of their checks; `code` is the exit code to expect."""
    ran = await insyz_command("doctor", "--json", *args)
    assert ran.code == code, ran.stdout + ran.stderr
    assert ran.json["healthy"] is (code == 0)
    return {check["name"]: check for check in ran.json["checks"]}


async def failure(*args: str) -> dict[str, Any]:
    """The one finding that is a failure."""
    findings = await found(*args, code=1)
    [failed] = [finding for finding in findings.values() if finding["verdict"] == "failed"]
    assert failed["do"]
    return failed


async def test_a_site_where_all_is_well_is_healthy(
    client: Client, insyz_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path / 'portal.db'}"
    monkeypatch.setenv("REPORTS_DATABASE_URL", database)
    await keep_closed_workflows(client)
    await register_search_attributes(client)
    async with Portal(database), worker_process(insyz_url, TOKEN) as worker:
        await polling(client)
        findings = await found("--worker", "here", code=0)
        ran = await insyz_command("doctor")
    assert [*findings] == [check.name for check in CHECKS]
    assert {finding["verdict"] for finding in findings.values()} == {"ok"}, findings
    assert {finding["do"] for finding in findings.values()} == {None}
    assert str(worker.pid) in findings["worker"]["seen"]
    assert TOKEN not in str(findings)
    assert ran.code == 0
    assert all(name in ran.stdout for name in findings)


async def polling(client: Client) -> None:
    async def one() -> None:
        assert len(await live_workers(client)) == 1

    await eventually(one)


async def test_every_wrong_setting_is_named_and_what_needs_them_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSYZ_URL", "insyz.example.org")
    monkeypatch.delenv("INSYZ_TOKEN")
    findings = await found("--only", "settings", "insyz", code=1)
    assert "INSYZ_URL: must be" in findings["settings"]["seen"]
    assert "INSYZ_TOKEN: not set" in findings["settings"]["seen"]
    assert findings["insyz"]["verdict"] == "skipped"
    assert "settings" in findings["insyz"]["seen"]


@pytest.mark.parametrize(("request_secs", "try_secs"), [("50", "80"), ("25", "40")])
async def test_time_outs_that_are_not_nested_are_a_failure(
    request_secs: str, try_secs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSYZ_REQUEST_SECS", request_secs)
    monkeypatch.setenv("INSYZ_TRY_SECS", try_secs)
    assert f"request {request_secs} s" in (await failure("--only", "timeouts"))["seen"]


async def test_a_state_directory_that_cannot_be_written_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("INSYZ_STATE_DIR", str(tmp_path / "file" / "state"))
    failed = await failure("--only", "disk")
    assert failed["name"] == "state-directory"
    assert str(tmp_path / "file") in failed["seen"]
    assert "INSYZ_STATE_DIR" in failed["do"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_is_a_failure(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSYZ_STATE_DIR", str(small_disk))
    failed = await failure("--only", "disk")
    assert failed["seen"] == f"1 MB free in {small_disk}"


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit sets the limit")
async def test_not_being_able_to_start_a_process_is_a_failure() -> None:
    # Open files enough for the doctor, and none for the pipe to a child.
    limited = ["prlimit", "--nofile=7", str(INSYZ), "doctor", "--json", "--only", "processes"]
    process = await asyncio.create_subprocess_exec(
        *limited, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    ran = Ran(process.returncode or 0, out.decode(), err.decode())
    assert ran.code == 1, ran
    assert "Too many open files" in ran.json["checks"][0]["seen"]


async def test_a_temporal_that_is_not_there_is_a_failure_and_all_of_its_checks_are_skipped() -> (
    None
):
    findings = await found("--only", "worker", "decisions", "clock", code=1)
    assert "cannot reach Temporal at 127.0.0.1:1" in findings.pop("temporal")["seen"]
    assert "insyz server" in (await failure("--only", "temporal"))["do"]
    assert {finding["verdict"] for finding in findings.values()} == {"skipped"}


async def test_a_namespace_that_is_missing_is_a_failure(
    temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "hlaseni")
    failed = await failure("--only", "temporal")
    assert failed["seen"] == f"{temporal.address} has no namespace hlaseni"


async def test_a_server_that_nobody_prepared_lacks_search_attributes_and_forgets_early(
    temporal: TemporalServer,
) -> None:
    findings = await found("--only", "decisions", code=1)
    assert "InsyzIdZp" in findings["search-attributes"]["seen"]
    assert findings["search-attributes"]["do"] == "run `insyz setup`"
    assert findings["decisions"]["verdict"] == "skipped"
    assert findings["temporal"]["verdict"] == "warning"
    assert "keeps closed workflows 1 days" in findings["temporal"]["seen"]


async def test_no_worker_is_a_failure_unless_one_is_started_on_demand_and_none_is_needed(
    client: Client,
) -> None:
    for option in ((), ("--worker", "here")):
        assert "insyz worker" in (await failure("--only", "worker", *option))["do"]
    on_demand = ("--only", "worker", "--worker", "on-demand")
    assert (await found(*on_demand, code=0))["worker"]["verdict"] == "ok"
    await submit(a_report(), client=client)
    failed = await failure(*on_demand)
    assert "reports wait for one" in failed["seen"]
    assert "insyz ensure-worker" in failed["do"]


async def test_a_workflow_whose_tasks_fail_again_and_again_is_a_failure(client: Client) -> None:
    await client.start_workflow(SUBMIT_REPORT, id="submit-report-1", task_queue=TASK_QUEUE)
    for _ in range(5):
        await fail_a_workflow_task(client)

    async def reported() -> None:
        failed = await failure("--only", "workflow-tasks")
        assert failed["seen"].startswith("1 workflows")

    await eventually(reported)


async def fail_a_workflow_task(client: Client) -> None:
    poll = PollWorkflowTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=TASK_QUEUE)
    )
    task = await client.workflow_service.poll_workflow_task_queue(
        poll, timeout=timedelta(seconds=20)
    )
    failing = RespondWorkflowTaskFailedRequest(
        namespace=client.namespace,
        task_token=task.task_token,
        cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
    )
    await client.workflow_service.respond_workflow_task_failed(failing)


async def test_reports_that_wait_for_a_person_are_a_warning(client: Client) -> None:
    await register_search_attributes(client)
    waiting = SearchAttributePair(PHASE, Phase.NEEDS_DECISION.value)
    await client.start_workflow(
        SUBMIT_REPORT,
        id="submit-report-1",
        task_queue=TASK_QUEUE,
        search_attributes=TypedSearchAttributes([waiting]),
    )

    async def seen() -> None:
        findings = await found("--only", "decisions", code=0)
        assert findings["decisions"]["verdict"] == "warning"
        assert findings["decisions"]["seen"] == "1 reports wait for a person"
        assert "insyz resolve" in findings["decisions"]["do"]

    await eventually(seen)


def test_a_clock_is_off_by_what_the_time_between_question_and_answer_cannot_explain() -> None:
    asked = datetime(2026, 6, 20, 12, tzinfo=UTC)
    answered = asked + timedelta(seconds=2)
    assert outside(asked + timedelta(seconds=1), asked, answered) == timedelta(0)
    assert outside(asked - timedelta(seconds=30), asked, answered) == timedelta(seconds=30)
    assert outside(answered + timedelta(seconds=40), asked, answered) == timedelta(seconds=40)


async def test_an_insyz_that_is_not_there_is_a_failure() -> None:
    findings = await found("--only", "credentials", code=1)
    assert "cannot reach INSYZ" in findings["insyz"]["seen"]
    assert "INSYZ_URL" in findings["insyz"]["do"]
    assert findings["credentials"]["verdict"] == "skipped"


async def test_an_insyz_that_is_not_well_is_a_failure(insyz: Simulator, insyz_url: str) -> None:
    insyz.script("*", "unavailable", target="health")
    assert "503" in (await failure("--only", "insyz"))["seen"]


async def test_a_wrong_token_is_a_failure_and_nothing_was_submitted(
    insyz: Simulator, insyz_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSYZ_TOKEN", "not-the-right-one")
    failed = await failure("--only", "credentials")
    assert failed["name"] == "credentials"
    assert "401" in failed["seen"]
    assert "INSYZ_TOKEN" in failed["do"]
    assert insyz.stats()["requests"]["submit"] == 0


@pytest.mark.parametrize(
    ("delivery", "verdict"), [("lookup", "failed"), ("idempotent", "skipped"), ("blind", "skipped")]
)
async def test_a_missing_look_up_is_a_failure_where_everything_rests_on_it(
    delivery: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Simulator(token=TOKEN, delivery="blind") as insyz:
        monkeypatch.setenv("INSYZ_URL", insyz.url)
        monkeypatch.setenv("INSYZ_DELIVERY", delivery)
        findings = await found("--only", "credentials", code=int(verdict == "failed"))
    assert findings["credentials"]["verdict"] == verdict
    assert "look-up" in findings["credentials"]["seen"]


async def test_a_database_that_cannot_be_used_is_a_failure_that_does_not_tell_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"postgresql://portal:t0p-secret@127.0.0.1:{free_port()}/portal"
    monkeypatch.setenv("REPORTS_DATABASE_URL", address)
    failed = await failure("--only", "portal-database")
    assert failed["name"] == "portal-database"
    assert "t0p-secret" not in str(failed)
    monkeypatch.delenv("REPORTS_DATABASE_URL")
    findings = await found("--only", "portal-database", code=0)
    assert findings["portal-database"]["verdict"] == "skipped"


@asynccontextmanager
async def accepting_and_never_answering() -> AsyncIterator[str]:
    """An address at which a connection is all that one gets."""
    over = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        over.set()
        server.close()


async def test_the_whole_takes_less_than_15_s_when_nobody_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with accepting_and_never_answering() as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        monkeypatch.setenv("INSYZ_URL", f"http://{address}")
        monkeypatch.setenv("REPORTS_DATABASE_URL", f"postgresql://portal@{address}/portal")
        started = time.monotonic()
        findings = await found(code=1)
        assert time.monotonic() - started < WHOLE_SECS
    failed = {name for name, one in findings.items() if one["verdict"] == "failed"}
    assert failed == {"temporal", "insyz", "portal-database"}


async def test_a_check_that_does_not_exist_is_wrong_usage() -> None:
    ran = await insyz_command("doctor", "--only", "everything")
    assert ran.code == 2
    assert "no check is called everything" in ran.stderr
    assert ran.stdout == ""
