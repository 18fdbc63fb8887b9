"""`insyz show`: the story of one report, told by a real server, worker and INSYZ."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import Started, cancel, resolve, retry, submit, wait_for_result
from starter.setup import register_search_attributes
from tests.conftest import TOKEN
from tests.portal import Portal
from tests.support import (
    SCALED_DOWN,
    a_report,
    eventually,
    insyz_command,
    insyz_got,
    reaches,
    temporal_cli,
    worker_process,
)
from workflows.contract import CancelRequest, Decision, Phase, Verdict, workflow_id


@pytest.fixture(autouse=True)
async def registered(client: Client) -> None:
    await register_search_attributes(client)


async def ended(started: Started) -> None:
    assert await wait_for_result(started, 30) is not None


async def shown(report: dict[str, Any]) -> dict[str, Any]:
    ran = await insyz_command("show", str(report["id_zp"]), "--json")
    assert ran.code == 0, ran.stderr
    return ran.json


def of_kind(told: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event for event in told["events"] if event["kind"] == kind]


def outcomes(told: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["attempt"], one["stage"], one["outcome"]) for one in of_kind(told, "try")]


@pytest.mark.usefixtures("worker")
class TestTheStory:
    async def test_names_each_quick_retry_with_its_answer_and_duration(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "unavailable", fault("unavailable", message="údržba"))
        await ended(await submit(report, client=client))
        told = await shown(report)
        assert outcomes(told) == [
            (1, "send", "InsyzUnavailable"),
            (2, "send", "InsyzUnavailable"),
            (3, "send", "taken"),
        ]
        assert all(one["duration_ms"] > 0 for one in of_kind(told, "try"))
        assert "údržba" in of_kind(told, "try")[1]["text"]
        times = [event["at"] for event in told["events"]]
        assert times == sorted(times)

    async def test_of_a_lost_answer_is_settled_and_found(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        await ended(await submit(report, client=client))
        told = await shown(report)
        assert [event["kind"] for event in told["events"]] == [
            "started", "try", "wait", "try", "ended",
        ]  # fmt: skip
        assert outcomes(told) == [(1, "send", "OutcomeUnknownError"), (2, "ask", "found")]
        begun, _, wait, _, end = told["events"]
        assert begun["by"] == "4133"
        assert wait["text"] == "settle time, 1 s"
        assert end["text"].startswith("found")

    async def test_tells_who_asked_for_a_retry_and_that_the_wait_was_cut_short(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        started = await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        waits = of_kind(await shown(report), "wait")
        assert "600 s, until 20" in waits[0]["text"]
        await retry(report["id_zp"], client=client)
        await ended(started)
        told = await shown(report)
        assert "cut short after" in of_kind(told, "wait")[0]["text"]
        (asked,) = of_kind(told, "asked")
        assert asked["text"] == "to try at once"
        assert "@" in asked["by"]

    async def test_goes_over_all_runs_and_tells_who_cancelled_and_why(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        started = await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        request = CancelRequest(by="Jana N.", why="chybná verze")
        await cancel(report["id_zp"], request, client=client)
        await ended(started)
        await ended(await submit(report, client=client))
        told = await shown(report)
        assert [run["status"] for run in told["runs"]] == ["failed", "completed"]
        (asked,) = of_kind(told, "asked")
        assert (asked["run"], asked["by"], asked["why"]) == (1, "Jana N.", "chybná verze")
        first, second = of_kind(told, "ended")
        assert (first["run"], second["run"]) == (1, 2)
        assert "SubmissionCancelled" in first["text"]
        assert second["text"].startswith("taken")

    async def test_tells_who_decided_what_and_why(self, client: Client, insyz: Simulator) -> None:
        report = a_report()
        insyz.script("*", fault("status", code=404, html=True), target="lookup")
        started = await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        decision = Decision(decision=Verdict.SUBMITTED, by="Jana N.", why="je tam", receipt="7")
        await resolve(report["id_zp"], decision, client=client)
        await ended(started)
        told = await shown(report)
        assert "only a person" in of_kind(told, "wait")[-1]["text"]
        (decided,) = of_kind(told, "decision")
        assert (decided["text"], decided["by"], decided["why"]) == (
            "submitted, receipt 7", "Jana N.", "je tam",
        )  # fmt: skip
        table = (await insyz_command("show", str(report["id_zp"]))).stdout
        assert "submitted, receipt 7 (je tam)" in table

    async def test_of_a_reset_run_is_told_once(self, client: Client, insyz: Simulator) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        name = ("--workflow-id", workflow_id(report["id_zp"]))
        await temporal_cli(
            "workflow", "reset", *name, "--type", "LastWorkflowTask", "--reason", "nanovo"
        )

        async def told_of_both() -> dict[str, Any]:
            told = await shown(report)
            assert len(told["runs"]) == 2
            assert of_kind(told, "reset")
            return told

        told = await eventually(told_of_both)
        assert len(of_kind(told, "started")) == 1
        assert "nanovo" in of_kind(told, "reset")[0]["why"]
        assert of_kind(told, "ended")[0]["text"] == "terminated"


async def test_a_try_under_way_is_shown_with_those_before_it(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    stalled = fault("stall_before", seconds=30)
    insyz.script(report["id_zp"], "unavailable", stalled)
    slow = SCALED_DOWN | {"INSYZ_REQUEST_SECS": "20", "INSYZ_TRY_SECS": "30"}
    async with worker_process(insyz.url, TOKEN, **slow):
        await submit(report, client=client)
        await insyz_got(insyz, 2)
        tries = of_kind(await shown(report), "try")
    assert [(one["attempt"], one.get("outcome")) for one in tries] == [
        (1, "InsyzUnavailable"),
        (2, None),
    ]
    assert tries[1]["text"] == "is under way"


async def test_a_try_whose_worker_was_killed_has_left_no_report(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], "unavailable", fault("stall_before", seconds=5))
    async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as worker:
        await submit(report, client=client)
        await insyz_got(insyz, 2)
        worker.kill()
        await worker.wait()

    async def told() -> None:
        tries = of_kind(await shown(report), "try")
        assert [one.get("outcome") for one in tries] == ["InsyzUnavailable", "no report"]

    await eventually(told)


@pytest.mark.parametrize("portal", ["sqlite"], indirect=True)
async def test_the_portals_own_history_is_merged_in(
    client: Client, insyz: Simulator, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTS_DATABASE_URL", portal.url)
    report = await portal.has(a_report(), state="send")
    told = await shown(report)
    assert told["runs"] == told["events"] == []
    sent = {
        "timestamp": "2026-06-20T10:00:00+02:00",
        "action": "send",
        "user": 4133,
        "state": "send",
        "details": "Odesláno ke schválení",
    }
    await portal.appends(report["id_zp"], sent)
    async with worker_process(insyz.url, TOKEN, **SCALED_DOWN):
        await ended(await submit(report, client=client))
    told = await shown(report)
    by_portal = of_kind(told, "portal")
    assert [event["text"] for event in by_portal] == [
        "send: Odesláno ke schválení",
        "submitted: Hlášení úspěšně přijato systémem INSYZ",
        "its table was told",
    ]
    assert told["cislo_zp"] == report["cislo_zp"]
    assert told["events"][0]["by"] == "4133"


async def test_a_story_needs_no_worker_and_an_unknown_report_has_none(client: Client) -> None:
    report = a_report()
    await submit(report, client=client)
    told = await shown(report)
    assert [event["kind"] for event in told["events"]] == ["started"]
    ran = await insyz_command("show", "999999")
    assert ran.code == 1
    assert "no submission of report 999999" in ran.stderr


async def test_malformed_runs_are_told_of_too(client: Client) -> None:
    await asyncio.gather(
        *(
            client.start_workflow(
                "SubmitReport", args=args, id=workflow_id(number), task_queue="insyz"
            )
            for number, args in ((1, ["text"]), (2, []), (3, [{"submitted_by": {"x": 1}}]))
        )
    )
    for number in (1, 2, 3):
        told = await shown({"id_zp": number})
        assert [event["kind"] for event in told["events"]] == ["started"]
