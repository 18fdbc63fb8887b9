"""A worker leaves by itself, gracefully, at the first of its limits."""

import asyncio
import json

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from tests.conftest import TOKEN
from tests.support import a_report, eventually, worker_process
from workflows.contract import Phase


async def left(process: asyncio.subprocess.Process) -> str:
    """What the worker said for what reason it left."""
    _, err = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 0, err.decode()
    messages = [json.loads(line)["message"] for line in err.splitlines()]
    assert messages[-1] == "left"
    reasons: list[str] = [text for text in messages if text.startswith("leaving, ")]
    assert len(reasons) == 1
    return reasons[0]


async def test_after_so_many_reports_have_come_to_an_end_good_or_bad(
    client: Client, insyz: Simulator
) -> None:
    bad = a_report(znackari=[{"INT_ADR": 1}], attachments=[{"id": 1}])
    reports = [a_report(), a_report()]
    insyz.script(reports[0]["id_zp"], fault("unprocessable"))
    async with worker_process(insyz.url, TOKEN, options=["--limit=3"]) as process:
        for report in reports:
            await submit(report, client=client)
        await client.start_workflow(
            "SubmitReport", bad, id=f"submit-report-{bad['id_zp']}", task_queue="insyz"
        )
        assert await left(process) == (
            "leaving, 3 reports have come to their end: finishing what is under way"
        )
    assert insyz.stats()["taken"] == 1


async def test_when_there_has_been_nothing_to_do_for_so_long(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("stall_before", seconds=1.5))
    async with worker_process(insyz.url, TOKEN, options=["--until-idle=1"]) as process:
        started = await submit(report, client=client)
        ended = await wait_for_result(started, 20)
        assert ended is not None
        assert ended.phase is Phase.TAKEN
        assert "leaving, idle for 1 s" in await left(process)


async def test_when_the_time_is_over_what_is_under_way_is_finished(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("stall_before", seconds=3))
    async with worker_process(insyz.url, TOKEN, options=["--time-limit=2.5"]) as process:
        await submit(report, client=client)

        async def insyz_is_at_it() -> None:
            assert insyz.requests

        await eventually(insyz_is_at_it)
        assert "the time limit of 2.5 s is over" in await left(process)
    assert insyz.stats()["taken"] == 1
    async with worker_process(insyz.url, TOKEN):
        ended = await wait_for_result(await submit(report, client=client), 20)
    assert ended is not None
    assert (ended.phase, ended.attempt) == (Phase.TAKEN, 1)


async def test_when_no_try_has_been_under_way_for_so_long_although_a_report_is_open(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], *[fault("unavailable", retry_after=30)] * 2)
    options = ["--quiet-limit=2", "--until-idle=1"]
    async with worker_process(insyz.url, TOKEN, options=options) as process:
        await submit(report, client=client)
        assert "no try has been under way for 2 s" in await left(process)


@pytest.mark.parametrize("also", [[], ["--limit=1000", "--time-limit=1000"]])
async def test_when_it_uses_more_memory_than_it_may(
    client: Client, insyz: Simulator, also: list[str]
) -> None:
    options = ["--memory-limit=30", *also]
    async with worker_process(insyz.url, TOKEN, options=options) as process:
        assert "MB of memory are in use" in await left(process)


async def test_without_limits_it_stays(client: Client, insyz: Simulator) -> None:
    async with worker_process(insyz.url, TOKEN) as process:
        await wait_for_result(await submit(a_report(), client=client), 20)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process.wait(), 2)


@pytest.mark.parametrize(
    "option", ["--limit=0", "--until-idle=-1", "--time-limit=nan", "--memory-limit=much"]
)
async def test_a_limit_that_makes_no_sense_is_refused(option: str) -> None:
    async with worker_process("http://127.0.0.1:1", TOKEN, options=[option]) as process:
        _, err = await process.communicate()
    assert process.returncode == 2
    assert option.partition("=")[0] in err.decode()
