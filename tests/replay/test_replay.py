"""Histories that runs have left behind still replay: a change breaks no run in flight.

Recorded by `pytest --record-histories tests/pipeline/test_decisions.py …`; how the workflow may be
changed stands in docs/design.md.
"""

import json

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.recording import HISTORIES
from tests.sandbox import SANDBOX
from worker import interceptors
from workflows.guard import UnknownWorkflow
from workflows.submit_report import SubmitReport
from workflows.timing import Timing

RECORDED = sorted(HISTORIES.glob("*.json"))


def history(name: str) -> WorkflowHistory:
    record = json.loads((HISTORIES / name).read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(record["workflow_id"], json.dumps(record["history"]))


@pytest.mark.parametrize("name", [path.name for path in RECORDED])
async def test_a_recorded_run_replays(name: str) -> None:
    replayer = Replayer(
        workflows=[SubmitReport, UnknownWorkflow],
        interceptors=interceptors(Timing()),
        data_converter=pydantic_data_converter,
        workflow_runner=SANDBOX,
    )
    await replayer.replay_workflow(history(name))


def test_every_phase_and_every_way_to_end_is_among_the_recorded_runs() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in RECORDED)
    for event in (
        "EVENT_TYPE_TIMER_STARTED",
        "EVENT_TYPE_TIMER_CANCELED",
        "EVENT_TYPE_ACTIVITY_TASK_FAILED",
        "EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT",
        "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED",
    ):
        assert event in told
