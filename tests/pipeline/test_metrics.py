"""What the worker counts, seen through its Prometheus endpoint."""

import asyncio
import math
import socket

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.setup import register_search_attributes
from tests.conftest import TOKEN
from tests.scrape import Scrape, scrape
from tests.support import (
    SCALED_DOWN,
    TemporalServer,
    a_report,
    eventually,
    free_port,
    insyz_got,
    reaches,
    worker_process,
)
from workflows.contract import Phase

REJECTED = fault("status", code=422, message="neplatné hlášení")


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{free_port()}"


def metered(address: str, **env: str) -> dict[str, str]:
    return SCALED_DOWN | {"INSYZ_METRICS_ADDRESS": address} | env


async def terminated(worker: asyncio.subprocess.Process) -> None:
    """In order: of a worker that was killed the server expects the rest of a run for 10 s."""
    worker.terminate()
    await worker.wait()


async def seen(address: str, name: str, value: float, within: float = 30, **labels: str) -> Scrape:
    """A scrape in which `name` has that value, once there is one."""

    async def look() -> Scrape:
        samples = await scrape(address)
        assert samples.value(name, **labels) == value, name
        return samples

    return await eventually(look, retry_on=Exception, within=within)


async def test_each_end_is_counted_with_its_state_and_kind_of_error(
    client: Client, insyz: Simulator, address: str
) -> None:
    good, refused, malformed = a_report(), a_report(), a_report(data_b=5)
    insyz.script(good["id_zp"], fault("unavailable", retry_after=0))
    insyz.script(refused["id_zp"], REJECTED)
    async with worker_process(insyz.url, TOKEN, **metered(address)):
        for report in (good, refused):
            await wait_for_result(await submit(report, client=client), 20)
        await client.start_workflow(
            "SubmitReport",
            malformed,
            id=f"submit-report-{malformed['id_zp']}",
            task_queue="insyz",
        )
        await seen(
            *(address, "insyz_submissions_ended_total", 2),
            state="rejected",
            phase="failed",
            error_type="InvalidReportError",
        )
        samples = await seen(
            address, "insyz_submissions_ended_total", 1, state="submitted", phase="taken"
        )
    tries = "insyz_tries_total"
    assert samples.value(tries, outcome="taken") == 1
    assert samples.value(tries, outcome="InsyzUnavailable") == 1
    assert samples.value(tries, outcome="InvalidReportError") == 1
    assert samples.value("insyz_unknown_outcomes_total") == 0
    assert samples.value("insyz_time_to_submit_seconds_count") == 1
    assert 1 <= samples.value("insyz_time_to_submit_seconds_sum") < 20
    assert samples.value("insyz_time_to_submit_seconds_bucket", le="0.5") == 0
    assert samples.value("temporal_workflow_completed_total") == 1


async def test_counters_stand_at_zero_before_anything_happens_and_go_on_from_there(
    client: Client, insyz: Simulator, address: str
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], "reset_before")
    counters = (
        "insyz_unknown_outcomes_total",
        "insyz_submissions_ended_total",
        "insyz_tries_total",
    )
    async with worker_process(insyz.url, TOKEN, **metered(address)):
        before = await seen(address, "insyz_temporal_up", 1)
        await wait_for_result(await submit(report, client=client), 20)
        after = await seen(address, "insyz_submissions_ended_total", 1)
    for counter in counters:
        assert before.value(counter) == 0
        assert before.series_of(counter) == after.series_of(counter) != []


async def test_what_one_worker_has_counted_another_that_replays_it_does_not(
    client: Client, insyz: Simulator, address: str
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], "reset_before")
    async with worker_process(insyz.url, TOKEN, **metered(address)) as first:
        started = await submit(report, client=client)
        await reaches(client, report, Phase.SETTLING)
        await seen(address, "insyz_unknown_outcomes_total", 1)
        await terminated(first)
    second = f"127.0.0.1:{free_port()}"
    async with worker_process(insyz.url, TOKEN, **metered(second)):
        assert await wait_for_result(started, 20)
        samples = await seen(second, "insyz_submissions_ended_total", 1, state="submitted")
    assert samples.value("insyz_unknown_outcomes_total") == 0
    assert samples.value("insyz_tries_total") == 1


async def test_a_try_that_died_with_its_worker_is_an_unknown_outcome(
    client: Client, insyz: Simulator, address: str
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("stall_before", seconds=0.8))
    async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as first:
        started = await submit(report, client=client)
        await insyz_got(insyz, 1)
        first.kill()
    async with worker_process(insyz.url, TOKEN, **metered(address)):
        assert await wait_for_result(started, 30)
        await seen(address, "insyz_unknown_outcomes_total", 1)


async def test_gauges_show_what_waits_and_for_how_long(
    temporal: TemporalServer, client: Client, insyz: Simulator, address: str
) -> None:
    await register_search_attributes(client)
    report = a_report()
    insyz.script(report["id_zp"], "reset_before")
    async with worker_process(insyz.url, TOKEN, INSYZ_DELIVERY="blind", **SCALED_DOWN) as first:
        await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        await terminated(first)
    async with worker_process(insyz.url, TOKEN, **metered(address)) as worker:
        samples = await seen(address, "insyz_open_decisions", 1)
        assert samples.value("insyz_open_submissions") == 1
        assert 1 <= samples.value("insyz_oldest_open_seconds") < 60
        assert samples.value("insyz_stuck_submissions") == 0
        await seen(address, "insyz_up", 1)

        await temporal.kill()
        samples = await seen(address, "insyz_temporal_up", 0, within=60)
        assert math.isnan(samples.value("insyz_open_decisions"))
        assert worker.returncode is None


async def test_an_insyz_that_is_away_is_seen_without_any_report(
    client: Client, address: str
) -> None:
    async with worker_process("http://127.0.0.1:1", TOKEN, **metered(address)):

        async def looked() -> Scrape:
            samples = await scrape(address)
            assert "insyz_up" in {sample.name for sample in samples}
            return samples

        samples = await eventually(looked, retry_on=Exception)
    assert samples.value("insyz_up") == 0


async def test_an_address_that_is_taken_is_one_clear_line_and_exit_code_2(address: str) -> None:
    host, _, port = address.partition(":")
    with socket.create_server((host, int(port))):
        async with worker_process("http://127.0.0.1:1", TOKEN, **metered(address)) as worker:
            out, err = await asyncio.wait_for(worker.communicate(), 20)
    assert worker.returncode == 2
    assert out == b""
    assert err.decode().startswith(f"INSYZ_METRICS_ADDRESS: {address}: ")
    assert err.decode().count("\n") == 1
    assert "Address already in use" in err.decode()


@pytest.mark.parametrize(
    "wrong", ["9464", "localhost:9464", "127.0.0.1", "127.0.0.1:99999", "1:2/x"]
)
async def test_an_address_nobody_could_listen_on_is_named(wrong: str) -> None:
    async with worker_process("http://127.0.0.1:1", TOKEN, **metered(wrong)) as worker:
        _, err = await asyncio.wait_for(worker.communicate(), 20)
    assert worker.returncode == 2
    assert err.decode() == (
        "INSYZ_METRICS_ADDRESS: must be an IP address and a port: 127.0.0.1:9464\n"
    )
