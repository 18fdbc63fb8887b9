"""`insyz stats` and `insyz open`, of a real server, worker and INSYZ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import status, submit, wait_for_result
from starter.setup import register_search_attributes
from tests.conftest import TOKEN
from tests.support import (
    SCALED_DOWN,
    TemporalServer,
    a_report,
    eventually,
    insyz_command,
    reaches,
    worker_process,
)
from workflows.contract import Phase, workflow_id

WITHOUT_LOOK_UP = fault("status", code=404, html=True)


@asynccontextmanager
async def a_worker(insyz: Simulator) -> AsyncIterator[asyncio.subprocess.Process]:
    async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as process:
        yield process


async def json_of(*args: str) -> dict[str, Any]:
    ran = await insyz_command(*args, "--json")
    assert ran.code == 0, ran.stderr
    return ran.json


async def opened(count: int) -> dict[str, Any]:
    """What `insyz open` says once so many are listed."""

    async def listed() -> dict[str, Any]:
        found = await json_of("open")
        assert len(found["shown"]) == count, found
        return found

    return await eventually(listed)


async def served(workers: int) -> None:
    """Returns once the server knows of so many workers."""

    async def known() -> None:
        assert (await json_of("open"))["workers"] == workers

    await eventually(known)


async def ended(client: Client, report: dict[str, Any]) -> None:
    assert await wait_for_result(await submit(report, client=client), 30) is not None


class TestStats:
    async def test_count_a_known_mix_by_phase_and_measure_it(
        self, client: Client, insyz: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await register_search_attributes(client)
        monkeypatch.setenv("INSYZ_URL", insyz.url)
        monkeypatch.setenv("INSYZ_TOKEN", TOKEN)
        well, lost, refused, waiting, gone = (a_report() for _ in range(5))
        insyz.script(well["id_zp"], "unavailable", "unavailable")
        insyz.script(lost["id_zp"], "reset_after")
        insyz.script(refused["id_zp"], "unprocessable")
        for report in (waiting, gone):
            insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        async with a_worker(insyz) as worker:
            await asyncio.gather(*(ended(client, one) for one in (well, lost, refused)))
            for report in (waiting, gone):
                await submit(report, client=client)
                await reaches(client, report, Phase.WAITING)
            await client.get_workflow_handle(workflow_id(gone["id_zp"])).terminate("test")

            async def counted() -> dict[str, Any]:
                now = await json_of("stats", "--since", "1h")
                assert now["ended"]["stopped"] == now["open"]["waiting"] == 1, now
                assert len(now["workers"]) == 1
                return now

            now = await eventually(counted)
            assert now["workers"][0]["pid"] == worker.pid
        assert now["ended"] == {"taken": 1, "found": 1, "failed": 1, "stopped": 1}
        assert {phase: number for phase, number in now["open"].items() if number} == {"waiting": 1}
        assert now["oldest_open"]["id_zp"] == waiting["id_zp"]
        measured = now["measured"]
        assert (measured["runs"], measured["oldest_failed"]["id_zp"]) == (4, refused["id_zp"])
        assert measured["tries_mean"] == (3 + 2 + 1 + 1) / 4
        assert measured["retried"] == 0.5
        assert 1 < measured["submit_secs_p50"] <= measured["submit_secs_p95"] < 20
        assert now["insyz"] == {"reachable": True, "detail": ""}
        assert (await json_of("stats", "--since", "2100-01-01"))["ended"]["taken"] == 0

    async def test_need_no_worker_no_search_attributes_and_no_insyz(self, client: Client) -> None:
        await submit(a_report(), client=client)

        async def counted() -> dict[str, Any]:
            now = await json_of("stats")
            assert now["open"].get("unknown") == 1, now
            return now

        now = await eventually(counted)
        assert now["workers"] == []
        assert now["measured"]["submit_secs_p50"] is None
        assert now["insyz"]["detail"].startswith("not configured here")
        table = await insyz_command("stats")
        assert "none is polling" in table.stdout

    async def test_say_that_insyz_does_not_answer_or_what_is_not_set_to_ask_it(
        self, client: Client, insyz: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INSYZ_URL", "http://127.0.0.1:1")
        assert "INSYZ_TOKEN: not set" in (await json_of("stats"))["insyz"]["detail"]
        monkeypatch.setenv("INSYZ_TOKEN", TOKEN)
        down = (await json_of("stats"))["insyz"]
        assert down["reachable"] is False
        assert "InsyzUnavailable" in down["detail"]

    @pytest.mark.parametrize("period", ["yesterday", "7"])
    async def test_refuse_what_is_no_period(self, client: Client, period: str) -> None:
        ran = await insyz_command("stats", "--since", period)
        assert ran.code == 2
        assert "24h, 7d" in ran.stderr


class TestOpen:
    async def test_says_what_each_waits_for_and_until_when_also_once_the_worker_is_gone(
        self, client: Client, insyz: Simulator
    ) -> None:
        await register_search_attributes(client)
        undecided, waiting, fresh = a_report(), a_report(), a_report()
        insyz.script("*", WITHOUT_LOOK_UP, target="lookup")
        async with a_worker(insyz):
            await submit(undecided, client=client)
            await reaches(client, undecided, Phase.NEEDS_DECISION)
            insyz.script("*", target="lookup")
            insyz.script(waiting["id_zp"], fault("unavailable", retry_after=600))
            await submit(waiting, client=client)
            await reaches(client, waiting, Phase.WAITING)
            await served(1)
        await served(0)
        await submit(fresh, client=client)
        now = await opened(3)
        first, second, third = now["shown"]
        assert (first["id_zp"], first["cislo_zp"]) == (undecided["id_zp"], undecided["cislo_zp"])
        assert (first["phase"], first["until"]) == ("needs_decision", None)
        assert f"insyz resolve {undecided['id_zp']}" in first["waits_for"]
        assert "Look into INSYZ" in first["what_to_do"]
        assert (second["phase"], second["tries"]) == ("waiting", 1)
        assert second["last_error"] == "InsyzUnavailable"
        assert second["until"] > second["since"]
        assert (third["phase"], third["waits_for"]) == ("sending", "a worker")

    async def test_shows_those_open_longest_and_says_how_many_more_there_are(
        self, client: Client
    ) -> None:
        reports = [a_report() for _ in range(5)]
        for report in reports:
            await submit(report, client=client)
        await opened(5)
        found = await json_of("open", "--limit", "2")
        assert [one["id_zp"] for one in found["shown"]] == [one["id_zp"] for one in reports[:2]]
        assert found["more"] == 3
        table = await insyz_command("open", "--limit", "2")
        assert "3 more" in table.stderr
        assert "no worker" in table.stderr
        assert (await insyz_command("open", "--limit", "0")).code == 2

    async def test_asks_a_run_without_search_attributes_itself(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        async with a_worker(insyz):
            await submit(report, client=client)
            await reaches(client, report, Phase.WAITING)
            await served(1)
            (asked,) = (await opened(1))["shown"]
        await served(0)
        (alone,) = (await opened(1))["shown"]
        assert (asked["phase"], asked["cislo_zp"]) == ("waiting", report["cislo_zp"])
        assert asked["until"] is not None
        assert (alone["phase"], alone["waits_for"]) == (None, "a worker")

    async def test_is_empty_where_nothing_is_open(self, temporal: TemporalServer) -> None:
        assert await json_of("open") == {"shown": [], "more": 0, "workers": 0}


async def test_status_names_the_order_while_no_worker_answers(client: Client) -> None:
    await register_search_attributes(client)
    report = a_report()
    await submit(report, client=client)
    assert (await status(report["id_zp"], client=client)).cislo_zp == report["cislo_zp"]
