"""The kinds of gateway, patience, cancelling, and what only a person can decide."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from insyz.resend import Resend
from insyz.settings import Settings
from simulator.faults import fault
from simulator.server import Simulator
from starter import (
    NothingToDecideError,
    NotOpenError,
    Started,
    cancel,
    resolve,
    retry,
    submit,
    wait_for_result,
)
from tests.conftest import TOKEN, scaled_down
from tests.sandbox import SANDBOX
from tests.support import a_report, insyz_got, reaches, temporal_cli
from worker import build_worker, gateway_for
from workflows.contract import CancelRequest, Decision, Phase, State, Status, Verdict, workflow_id

JANA = "Jana N."


@pytest.fixture
def delivery() -> str:
    return "lookup"


@pytest.fixture
def patience() -> dict[str, Any]:
    return {}


@pytest.fixture
async def insyz(delivery: str) -> AsyncIterator[Simulator]:
    async with Simulator(token=TOKEN, delivery=delivery) as simulator:
        yield simulator


@pytest.fixture
def settings(insyz: Simulator, delivery: str, patience: dict[str, Any]) -> Settings:
    return scaled_down(insyz.url, insyz_delivery=delivery, **patience)


@pytest.fixture(autouse=True)
async def a_worker(client: Client, settings: Settings) -> AsyncIterator[None]:
    async with (
        gateway_for(settings) as gateway,
        build_worker(client, gateway, settings, workflow_runner=SANDBOX),
    ):
        yield


async def end(started: Started) -> Status:
    ended = await wait_for_result(started, 20)
    assert ended is not None
    return ended


def decided(verdict: Verdict, **more: Any) -> Decision:
    return Decision(decision=verdict, by=JANA, why="podívala jsem se", **more)


@pytest.mark.parametrize("delivery", ["idempotent"])
class TestAtAGatewayThatDeduplicates:
    async def test_an_unknown_outcome_is_sent_again_with_the_same_key(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after", "error_after")
        ended = await end(await submit(report, client=client))
        assert (ended.state, ended.attempt) == (State.SUBMITTED, 3)
        assert insyz.stats()["taken"] == 1
        assert insyz.stats()["requests"] == {"submit": 3, "lookup": 0, "health": 0}

    async def test_a_refusal_after_an_unknown_outcome_is_not_believed_before_asking(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after", "unauthorized")
        ended = await end(await submit(report, client=client))
        assert (ended.state, ended.phase) == (State.SUBMITTED, Phase.FOUND)

    @pytest.mark.parametrize("refusal", ["unauthorized", "unprocessable"])
    async def test_a_refusal_after_a_run_that_was_broken_off_is_not_believed_before_asking(
        self, client: Client, insyz: Simulator, refusal: str
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.5), refusal)
        await submit(report, client=client)
        await insyz_got(insyz, 1)
        await client.get_workflow_handle(workflow_id(report["id_zp"])).terminate()
        ended = await end(await submit(report, client=client))
        assert ended.state is State.SUBMITTED
        assert insyz.stats()["taken"] == 1

    async def test_and_with_the_look_up_down_it_is_asked_again(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        await end(await submit(report, client=client))
        insyz.script(report["id_zp"], "status:503", target="lookup")
        again = report | {"submitted_by": 77}
        handle = await client.start_workflow(
            "SubmitReport", again, id=workflow_id(report["id_zp"]), task_queue="insyz"
        )
        assert (await handle.result())["phase"] == "found"

    async def test_a_refusal_of_the_first_send_ends_the_submission_at_once(
        self, client: Client, insyz: Simulator
    ) -> None:
        for refusal in ("unauthorized", "unprocessable"):
            report = a_report()
            insyz.script(report["id_zp"], refusal)
            ended = await end(await submit(report, client=client))
            assert (ended.state, ended.attempt) == (State.REJECTED, 1)

    async def test_the_same_content_sent_at_another_moment_is_not_taken_for_an_invalid_report(
        self, client: Client, insyz: Simulator
    ) -> None:
        """The gateway answers 422: this key was used for another document."""
        report = a_report()
        await end(await submit(report, client=client))
        handle = await client.start_workflow(
            "SubmitReport",
            report | {"submitted_by": 77},
            id=workflow_id(report["id_zp"]),
            task_queue="insyz",
        )
        assert (await handle.result())["phase"] == "found"
        assert insyz.stats()["taken"] == 1


@pytest.mark.parametrize("delivery", ["blind"])
class TestAtABlindGateway:
    async def in_doubt(self, client: Client, insyz: Simulator) -> tuple[dict[str, Any], Started]:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        started = await submit(report, client=client)
        waiting = await reaches(client, report, Phase.NEEDS_DECISION)
        assert waiting.state is State.SEND
        assert waiting.error is not None
        assert waiting.error.type == "OutcomeUnknownError"
        return report, started

    async def test_a_report_whose_answer_came_goes_through_without_questions(
        self, client: Client, insyz: Simulator
    ) -> None:
        assert (await end(await submit(a_report(), client=client))).phase is Phase.TAKEN
        assert insyz.stats()["requests"]["lookup"] == 0

    async def test_what_a_person_found_in_insyz_ends_as_submitted(
        self, client: Client, insyz: Simulator
    ) -> None:
        report, started = await self.in_doubt(client, insyz)
        await resolve(
            report["id_zp"], decided(Verdict.SUBMITTED, receipt="INSYZ-000001"), client=client
        )
        ended = await end(started)
        assert ended.state is State.SUBMITTED
        assert ended.receipt == {"receipt": "INSYZ-000001", "decided_by": JANA}
        assert ended.decision is not None
        assert (ended.decision.by, ended.decision.why) == (JANA, "podívala jsem se")
        assert insyz.stats()["taken"] == 1

    async def test_what_a_person_did_not_find_is_sent_on_their_word(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_before")
        started = await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        await resolve(report["id_zp"], decided(Verdict.RESEND), client=client)
        assert (await end(started)).state is State.SUBMITTED
        assert insyz.stats()["taken"] == 1

    async def test_what_a_person_rejects_ends_as_rejected_with_who_and_why(
        self, client: Client, insyz: Simulator
    ) -> None:
        report, started = await self.in_doubt(client, insyz)
        await resolve(report["id_zp"], decided(Verdict.REJECT), client=client)
        ended = await end(started)
        assert ended.state is State.REJECTED
        assert ended.error is not None
        assert ended.error.type == "RejectedByDecision"
        assert ended.error.message == f"decided by {JANA}: podívala jsem se"

    async def test_a_second_doubt_asks_a_second_time(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_before", "reset_after")
        started = await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        await resolve(report["id_zp"], decided(Verdict.RESEND), client=client)
        await insyz_got(insyz, 2)
        await reaches(client, report, Phase.NEEDS_DECISION)
        await resolve(report["id_zp"], decided(Verdict.SUBMITTED), client=client)
        assert (await end(started)).state is State.SUBMITTED
        assert insyz.stats()["taken"] == 1

    async def test_a_run_after_one_that_was_broken_off_asks_a_person_before_it_sends(
        self, client: Client, insyz: Simulator
    ) -> None:
        report, _ = await self.in_doubt(client, insyz)
        await temporal_cli("workflow", "terminate", "--workflow-id", workflow_id(report["id_zp"]))
        await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_a_reset_of_a_run_that_submitted_asks_a_person_before_it_sends(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        await end(await submit(report, client=client))
        await temporal_cli(
            *("workflow", "reset", "--type", "FirstWorkflowTask", "--reason", "test"),
            *("--workflow-id", workflow_id(report["id_zp"])),
        )
        await reaches(client, report, Phase.NEEDS_DECISION)
        assert insyz.stats()["taken"] == 1

    async def test_a_deliberate_repetition_is_sent_without_questions(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        await end(await submit(report, client=client))
        again = await end(
            await submit(report, client=client, resend=Resend(by=JANA, why="nečitelné"))
        )
        assert again.phase is Phase.TAKEN
        assert insyz.stats()["taken"] == 2

    async def test_the_temporal_cli_decides_as_well(self, client: Client, insyz: Simulator) -> None:
        report, started = await self.in_doubt(client, insyz)
        await temporal_cli(
            *("workflow", "update", "execute", "--name", "resolve"),
            *("--workflow-id", workflow_id(report["id_zp"])),
            *("--input", '{"decision": "submitted", "by": "op", "why": "je tam"}'),
        )
        assert (await end(started)).state is State.SUBMITTED

    @pytest.mark.parametrize(
        "malformed",
        [{}, {"decision": "perhaps", "by": "x", "why": "y"}, {"decision": "resend", "by": ""}, 7],
    )
    async def test_a_malformed_decision_is_refused_and_the_submission_still_waits(
        self, client: Client, insyz: Simulator, malformed: Any
    ) -> None:
        report, _ = await self.in_doubt(client, insyz)
        handle = client.get_workflow_handle(workflow_id(report["id_zp"]))
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update("resolve", malformed)
        assert (await reaches(client, report, Phase.NEEDS_DECISION)).state is State.SEND

    async def test_cancelling_does_not_decide(self, client: Client, insyz: Simulator) -> None:
        report, started = await self.in_doubt(client, insyz)
        await cancel(report["id_zp"], CancelRequest(by=JANA), client=client)
        assert (await reaches(client, report, Phase.NEEDS_DECISION)).state is State.SEND
        await resolve(report["id_zp"], decided(Verdict.SUBMITTED), client=client)
        assert (await end(started)).state is State.SUBMITTED


class TestAtAGatewayThatSaysLessThanItShould:
    async def test_a_look_up_that_does_not_exist_leaves_the_decision_to_a_person(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script("*", fault("status", code=404, html=True), target="lookup")
        started = await submit(report, client=client)
        waiting = await reaches(client, report, Phase.NEEDS_DECISION)
        assert waiting.error is not None
        assert "no look-up" in waiting.error.message
        assert insyz.stats()["requests"]["submit"] == 0
        await resolve(report["id_zp"], decided(Verdict.RESEND), client=client)
        assert (await end(started)).state is State.SUBMITTED


class TestPatience:
    async def test_an_outage_is_waited_out_visibly_and_costs_nobody_anything(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *[fault("unavailable", retry_after=0)] * 5)
        started = await submit(report, client=client)
        waiting = await reaches(client, report, Phase.WAITING)
        assert waiting.state is State.SEND
        assert waiting.next_try is not None
        assert waiting.error is not None
        assert waiting.error.type == "InsyzUnavailable"
        ended = await end(started)
        assert (ended.state, ended.attempt) == (State.SUBMITTED, 6)
        assert (ended.error, ended.next_try) == (None, None)

    @pytest.mark.parametrize("patience", [{"insyz_patience_first_secs": 600}])
    async def test_a_retry_on_request_comes_at_once(self, client: Client, insyz: Simulator) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *[fault("unavailable", retry_after=0)] * 4)
        started = await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        await retry(report["id_zp"], client=client)
        assert (await end(started)).state is State.SUBMITTED

    async def test_a_retry_asked_for_during_a_try_comes_right_after_it(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_before", fault("unavailable", retry_after=3_600))
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.3), target="lookup")
        started = await submit(report, client=client)
        await insyz_got(insyz, 1, target="lookup")
        await retry(report["id_zp"], client=client)
        ended = await end(started)
        assert (ended.state, ended.attempt) == (State.SUBMITTED, 3)

    async def test_a_long_retry_after_is_waited_out_where_it_can_be_seen(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=3_600))
        await submit(report, client=client)
        waiting = await reaches(client, report, Phase.WAITING)
        assert waiting.attempt == 1
        await retry(report["id_zp"], client=client)
        assert (await reaches(client, report, Phase.TAKEN)).attempt == 2

    @pytest.mark.parametrize("patience", [{"insyz_patience_hours": 0}])
    async def test_without_patience_the_fourth_failed_try_is_the_end(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *[fault("unavailable", retry_after=0)] * 9)
        ended = await end(await submit(report, client=client))
        assert (ended.state, ended.attempt) == (State.REJECTED, 4)
        assert ended.error is not None
        assert ended.error.type == "InsyzUnavailable"
        assert insyz.stats()["taken"] == 0

    @pytest.mark.parametrize("patience", [{"insyz_patience_hours": 0.001}])
    async def test_patience_ends_too(self, client: Client, insyz: Simulator) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *[fault("unavailable", retry_after=0)] * 30)
        ended = await end(await submit(report, client=client))
        assert ended.state is State.REJECTED
        assert ended.attempt > 4


class TestCancelling:
    async def test_before_anything_was_sent_rejects_the_report(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=60))
        started = await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        await cancel(report["id_zp"], CancelRequest(by=JANA, why="omyl"), client=client)
        ended = await end(started)
        assert ended.state is State.REJECTED
        assert ended.error is not None
        assert (ended.error.type, ended.error.message) == (
            "SubmissionCancelled",
            f"cancelled by {JANA}: omyl",
        )
        assert insyz.stats()["taken"] == 0

    async def test_with_an_unanswered_request_finds_out_first_and_ends_in_the_true_state(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=1.4))
        started = await submit(report, client=client)
        await insyz_got(insyz, 1)
        await cancel(report["id_zp"], CancelRequest(by=JANA), client=client)
        ended = await end(started)
        assert (ended.state, ended.phase) == (State.SUBMITTED, Phase.FOUND)

    async def test_with_a_request_that_insyz_did_not_take_rejects_the_report(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], "reset_before")
        started = await submit(report, client=client)
        await reaches(client, report, Phase.SETTLING)
        await cancel(report["id_zp"], CancelRequest(by=JANA), client=client)
        assert (await end(started)).state is State.REJECTED
        assert insyz.stats()["requests"]["submit"] == 1

    async def test_by_temporals_own_cancel_is_the_same(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("stall_before", seconds=0.8))
        started = await submit(report, client=client)
        await insyz_got(insyz, 1)
        await client.get_workflow_handle(started.workflow_id).cancel()
        assert (await end(started)).state is State.SUBMITTED
        other = a_report()
        insyz.script(other["id_zp"], fault("unavailable", retry_after=60))
        started = await submit(other, client=client)
        await reaches(client, other, Phase.WAITING)
        await client.get_workflow_handle(started.workflow_id).cancel()
        ended = await end(started)
        assert ended.error is not None
        assert ended.error.message == "cancelled by an operator: by Temporal's own cancel"


class TestAnIntervention:
    async def test_into_a_report_that_is_not_open_is_refused(self, client: Client) -> None:
        report = a_report()
        await end(await submit(report, client=client))
        for id_zp in (report["id_zp"], 4_711):
            with pytest.raises(NotOpenError):
                await retry(id_zp, client=client)
            with pytest.raises(NotOpenError):
                await cancel(id_zp, CancelRequest(by=JANA), client=client)
            with pytest.raises(NotOpenError):
                await resolve(id_zp, decided(Verdict.RESEND), client=client)

    async def test_a_decision_nobody_asked_for_is_refused(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=60))
        await submit(report, client=client)
        await reaches(client, report, Phase.WAITING)
        with pytest.raises(NothingToDecideError, match="in phase waiting"):
            await resolve(report["id_zp"], decided(Verdict.RESEND), client=client)
