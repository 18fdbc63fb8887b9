"""The worker as a process: its settings, and how it leaves."""

import asyncio
import json
import signal

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from tests.conftest import TOKEN
from tests.support import a_report, eventually, worker_process
from workflows.contract import State


async def end(process: asyncio.subprocess.Process, number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert out == b""
    assert process.returncode is not None
    return process.returncode, err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_try_under_way_is_finished_before_the_worker_leaves(
    client: Client, insyz: Simulator, number: signal.Signals
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("stall_before", seconds=1.0))
    async with worker_process(insyz.url, TOKEN) as first:
        started = await submit(report, client=client)

        async def insyz_is_at_it() -> None:
            assert insyz.requests

        await eventually(insyz_is_at_it)
        code, log = await end(first, number)
    assert code == 0
    assert '"taken in' in log
    async with worker_process(insyz.url, TOKEN):
        ended = await wait_for_result(started, 20)
    assert ended is not None
    assert (ended.state, ended.attempt) == (State.SUBMITTED, 1)
    assert insyz.stats()["taken"] == 1


async def test_each_record_of_the_log_says_what_it_is_about(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    async with worker_process(insyz.url, TOKEN) as process:
        await wait_for_result(await submit(report, client=client), 20)
        _, log = await end(process, signal.SIGTERM)
    records = [json.loads(line) for line in log.splitlines()]
    (about,) = [record for record in records if record.get("action") == "submit_to_insyz"]
    assert about["id_zp"] == report["id_zp"]
    assert about["workflow_id"] == f"submit-report-{report['id_zp']}"
    assert about["attempt"] == 1
    assert TOKEN not in log


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"INSYZ_URL": ""}, "INSYZ_URL: not set"),
        ({"INSYZ_TOKEN": ""}, "INSYZ_TOKEN: not set"),
        ({"INSYZ_URL": "insyz.example"}, "INSYZ_URL: must be an http:// or https:// address"),
        (
            {"INSYZ_URL": "https://u:p@insyz.example"},
            "INSYZ_URL: must not hold credentials",
        ),
        (
            {"INSYZ_TOKEN": "čau"},
            "INSYZ_TOKEN: must be printable ASCII text of 8 characters or more",
        ),
        (
            {"INSYZ_TRY_SECS": "20"},
            "INSYZ_CONNECT_SECS must be at most INSYZ_REQUEST_SECS, and that at "
            "most two thirds of INSYZ_TRY_SECS",
        ),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: Input should be 'text' or 'json'"),
    ],
)
async def test_missing_or_wrong_settings_are_one_line_and_exit_code_2(
    env: dict[str, str], line: str
) -> None:
    async with worker_process("http://127.0.0.1:1", TOKEN, **env) as process:
        out, err = await process.communicate()
    assert process.returncode == 2
    assert (out, err.decode()) == (b"", f"{line}\n")


async def test_a_worker_without_temporal_exits_with_4() -> None:
    async with worker_process("http://127.0.0.1:1", TOKEN) as process:
        _, err = await process.communicate()
    assert process.returncode == 4
    assert b"cannot reach Temporal at 127.0.0.1:1" in err
