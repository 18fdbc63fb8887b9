"""Never lost, never twice: who dies, and when. The rows of the table in docs/design.md.

Times are scaled down (tests.support.SCALED_DOWN): a request may take 1 s, a try 3 s, and a look-up
that finds nothing counts 1 s after an unanswered request.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from insyz.settings import Settings
from simulator.faults import fault
from simulator.server import Simulator
from starter import Started, submit, wait_for_result
from tests.conftest import TOKEN, scaled_down
from tests.support import (
    SCALED_DOWN,
    TemporalServer,
    a_report,
    eventually,
    insyz_got,
    reaches,
    temporal_cli,
    worker_process,
)
from workflows.contract import Phase, State, Status, workflow_id

LISTED_TOGETHER = 40
"""Fewer than a worker has places for: the tries that were broken off still hold theirs."""
SETTLE_SECS = float(SCALED_DOWN["INSYZ_SETTLE_SECS"])


async def end(started: Started, within: float = 25) -> Status:
    ended = await wait_for_result(started, within)
    assert ended is not None
    return ended


async def submitted_once(started: Started, insyz: Simulator, phase: Phase) -> Status:
    ended = await end(started)
    assert (ended.state, ended.phase) == (State.SUBMITTED, phase)
    assert insyz.stats()["taken"] == 1
    return ended


async def insyz_took(insyz: Simulator, reports: int) -> None:
    async def taken() -> None:
        assert insyz.stats()["taken"] >= reports

    await eventually(taken)


@pytest.mark.usefixtures("worker")
class TestAnAnswerIsLost:
    @pytest.mark.parametrize(
        "lost", ["reset_after", "error_after", "html_200", "truncated", "huge"]
    )
    async def test_after_insyz_took_the_report_it_is_found_and_not_sent_again(
        self, client: Client, insyz: Simulator, lost: str
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], lost)
        ended = await submitted_once(await submit(report, client=client), insyz, Phase.FOUND)
        assert insyz.stats()["requests"]["submit"] == 1
        assert ended.receipt is not None
        assert ended.receipt["receipt"] == insyz.book.submissions()[0].receipt

    @pytest.mark.parametrize("lost", ["reset_before", "error_before"])
    async def test_before_insyz_took_the_report_it_is_sent_again(
        self, client: Client, insyz: Simulator, lost: str
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], lost)
        await submitted_once(await submit(report, client=client), insyz, Phase.TAKEN)
        assert insyz.stats()["requests"]["submit"] == 2

    async def test_while_insyz_is_still_at_it_an_early_not_there_is_not_believed(
        self, client: Client, insyz: Simulator
    ) -> None:
        """The request ends unanswered at 1.0 s, INSYZ takes the report at 1.6 s."""
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=1.6))
        await submitted_once(await submit(report, client=client), insyz, Phase.FOUND)
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_again_and_again_the_pipeline_becomes_patient_and_the_report_is_sent_once(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *["error_before"] * 4)
        started = await submit(report, client=client)
        await reaches(client, report, Phase.WAITING, within=15)
        await submitted_once(started, insyz, Phase.TAKEN)

    async def test_and_the_look_up_is_down_too_the_report_is_not_shown_as_failed(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        insyz.script(report["id_zp"], *["status:503"] * 5, target="lookup")
        started = await submit(report, client=client)
        assert (await reaches(client, report, Phase.WAITING, within=20)).state is State.SEND
        await submitted_once(started, insyz, Phase.FOUND)

    async def test_and_the_look_up_refuses_our_credentials_a_person_decides_or_retries(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        insyz.script(report["id_zp"], "unauthorized", target="lookup")
        started = await submit(report, client=client)
        waiting = await reaches(client, report, Phase.NEEDS_DECISION)
        assert waiting.error is not None
        assert waiting.error.type == "AuthenticationError"
        await client.get_workflow_handle(workflow_id(report["id_zp"])).signal("retry")
        await submitted_once(started, insyz, Phase.FOUND)


class TestAWorkerIsKilled:
    async def test_with_a_request_under_way_the_report_is_found_and_not_sent_again(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.5))
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as first:
            started = await submit(report, client=client)
            await insyz_got(insyz, 1)
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await submitted_once(started, insyz, Phase.FOUND)
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_before_it_sent_anything_the_report_is_sent_by_the_next_one(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script("*", fault("stall_never", seconds=2), target="lookup")
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as first:
            started = await submit(report, client=client)
            await insyz_got(insyz, 1, "lookup")
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await submitted_once(started, insyz, Phase.TAKEN)
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_during_the_settle_time_the_wait_goes_on_without_it(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as first:
            started = await submit(report, client=client)
            await reaches(client, report, Phase.SETTLING)
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await submitted_once(started, insyz, Phase.FOUND)

    async def test_its_try_does_not_use_up_the_three_quick_retries(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(
            report["id_zp"],
            fault("stall_never", seconds=5),
            *[fault("unavailable", retry_after=0)] * 3,
        )
        settings = SCALED_DOWN | {"INSYZ_PATIENCE_HOURS": "0"}
        async with worker_process(insyz.url, TOKEN, **settings) as first:
            started = await submit(report, client=client)
            await insyz_got(insyz, 1)
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **settings):
            await submitted_once(started, insyz, Phase.TAKEN)

    async def test_after_insyz_took_the_report_and_before_anybody_heard_of_it_it_is_found(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_after", seconds=0.8))
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as first:
            started = await submit(report, client=client)
            await insyz_took(insyz, 1)
            first.kill()
            await first.wait()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await submitted_once(started, insyz, Phase.FOUND)


class TestTemporalsListLags:
    async def test_behind_a_run_that_was_broken_off_and_the_new_run_does_not_trust_it(
        self, tmp_path: Path, insyz: Simulator
    ) -> None:
        server = TemporalServer(tmp_path, visibility_lags=True)
        try:
            await server.start()
            client = await server.connect()
            async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
                # Its entry is what the list is brought up to date with just now.
                await end(await submit(a_report(), client=client))
                report = a_report()
                insyz.script(report["id_zp"], fault("stall_before", seconds=0.7))
                await submit(report, client=client)
                await insyz_got(insyz, 2)
                await client.get_workflow_handle(workflow_id(report["id_zp"])).terminate()
                ended = await end(await submit(report, client=client))
        finally:
            await server.kill()
        assert (ended.state, ended.phase) == (State.SUBMITTED, Phase.FOUND)
        assert insyz.stats()["duplicates"] == {}

    async def test_and_shows_a_later_run_before_an_earlier_one_and_none_is_sent_twice(
        self, tmp_path: Path, insyz: Simulator
    ) -> None:
        """What waits to be listed is listed all at once, in no order: with many runs, some come
        before those that they follow."""
        server = TemporalServer(tmp_path, visibility_lags=True)
        try:
            await server.start()
            client = await server.connect()
            slow = {"INSYZ_REQUEST_SECS": "3.0", "INSYZ_TRY_SECS": "6.0"}
            async with worker_process(insyz.url, TOKEN, **SCALED_DOWN | slow):
                await end(await submit(a_report(), client=client))
                reports = [a_report() for _ in range(LISTED_TOGETHER)]
                for report in reports:
                    insyz.script(report["id_zp"], fault("stall_before", seconds=1.5))
                await asyncio.gather(*(submit(report, client=client) for report in reports))
                await insyz_got(insyz, 1 + LISTED_TOGETHER)
                for report in reports:
                    await client.get_workflow_handle(workflow_id(report["id_zp"])).terminate()
                again = await asyncio.gather(*(submit(report, client=client) for report in reports))
                ended = await asyncio.gather(*(end(started, within=60) for started in again))
        finally:
            await server.kill()
        assert {one.phase for one in ended} == {Phase.FOUND}
        assert insyz.stats()["duplicates"] == {}


class TestAWorkerIsFrozen:
    async def test_within_its_deadline_the_try_merely_ends_later(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.2))
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as worker:
            started = await submit(report, client=client)
            await insyz_got(insyz, 1)
            await frozen(worker, seconds=0.6)
            assert (await submitted_once(started, insyz, Phase.TAKEN)).attempt == 1

    async def test_past_its_deadline_it_wakes_up_and_sends_nothing(
        self, client: Client, insyz: Simulator
    ) -> None:
        """It is frozen between the question and the sending. By the time it wakes up, the next
        try may be under way."""
        report = a_report()
        insyz.script("*", fault("stall_before", seconds=0.4), target="lookup")
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as worker:
            started = await submit(report, client=client)
            await insyz_got(insyz, 1, "lookup")
            await frozen(worker, seconds=5)
            await submitted_once(started, insyz, Phase.TAKEN)
        assert insyz.stats()["requests"]["submit"] == 1


async def frozen(process: asyncio.subprocess.Process, *, seconds: float) -> None:
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGCONT)


class TestTemporalIsKilled:
    @pytest.fixture
    async def durable(self, tmp_path: Path) -> Any:
        server = TemporalServer(tmp_path, db_file=tmp_path / "temporal.db")
        await server.start()
        yield server
        await server.kill()

    async def test_with_a_request_under_way_the_report_arrives_once(
        self, durable: TemporalServer, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.7))
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await submit(report, client=await durable.connect())
            await insyz_got(insyz, 1)
            await durable.kill()
            await asyncio.sleep(1)
            await durable.start()
            client = await durable.connect()
            await reaches(client, report, State.SUBMITTED)
        assert insyz.stats()["taken"] == 1

    async def test_an_accepted_report_survives_it(
        self, durable: TemporalServer, insyz: Simulator
    ) -> None:
        report = a_report()
        await submit(report, client=await durable.connect())
        await durable.kill()
        await durable.start()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await reaches(await durable.connect(), report, State.SUBMITTED)
        assert insyz.stats()["taken"] == 1

    async def test_and_all_that_it_knew_is_gone_a_report_that_insyz_has_is_not_sent_again(
        self, durable: TemporalServer, insyz: Simulator, tmp_path: Path
    ) -> None:
        """The same as a workflow past its retention: nothing here remembers the first run."""
        report = a_report()
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
            await end(await submit(report, client=await durable.connect()))
        await durable.kill()
        forgetful = TemporalServer(tmp_path)
        try:
            await forgetful.start()
            async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
                again = await submit(report, client=await forgetful.connect())
                await submitted_once(again, insyz, Phase.FOUND)
        finally:
            await forgetful.kill()
        assert insyz.stats()["requests"]["submit"] == 1


@pytest.mark.usefixtures("worker")
class TestAnOperator:
    @pytest.fixture
    def settings(self, insyz: Simulator) -> Settings:
        """A request takes long enough for an operator, whose command line starts meanwhile."""
        return scaled_down(insyz.url, insyz_request_secs=5.0, insyz_try_secs=10.0)

    @pytest.mark.parametrize(
        "break_off",
        [
            ("workflow", "terminate"),
            ("workflow", "reset", "--type", "FirstWorkflowTask", "--reason", "test"),
            ("workflow", "reset", "--type", "LastWorkflowTask", "--reason", "test"),
        ],
        ids=" ".join,
    )
    async def test_breaks_a_run_off_with_a_request_under_way_and_the_new_run_waits_it_out(
        self, client: Client, insyz: Simulator, break_off: tuple[str, ...]
    ) -> None:
        """An early look-up of the new run says "not there", because INSYZ is still at it."""
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=4.5))
        await submit(report, client=client)
        await insyz_got(insyz, 1)
        if "terminate" in break_off:
            await client.get_workflow_handle(workflow_id(report["id_zp"])).terminate()
            await submit(report, client=client)
        else:
            await temporal_cli(*break_off, "--workflow-id", workflow_id(report["id_zp"]))
        await reaches(client, report, Phase.FOUND)
        assert insyz.stats()["taken"] == 1
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_resets_a_run_that_has_ended_and_the_report_is_found(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        await end(await submit(report, client=client))
        await temporal_cli(
            *("workflow", "reset", "--type", "FirstWorkflowTask", "--reason", "test"),
            *("--workflow-id", workflow_id(report["id_zp"])),
        )
        await reaches(client, report, Phase.FOUND)
        assert insyz.stats()["taken"] == 1

    async def test_resets_the_activity_with_a_request_under_way_and_nothing_is_sent_twice(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=4.5))
        started = await submit(report, client=client)
        await insyz_got(insyz, 1)
        await temporal_cli(
            *("activity", "reset", "--activity-id", "submit"),
            *("--workflow-id", workflow_id(report["id_zp"])),
        )
        await submitted_once(started, insyz, Phase.TAKEN)
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_submits_a_report_again_after_its_end_and_it_is_found(
        self, client: Client, insyz: Simulator
    ) -> None:
        """By the temporal CLI, which knows nothing of our rule against it."""
        report = a_report()
        await end(await submit(report, client=client))
        handle = await client.start_workflow(
            "SubmitReport", report, id=workflow_id(report["id_zp"]), task_queue="insyz"
        )
        assert (await handle.result())["phase"] == "found"
        assert insyz.stats()["taken"] == 1
