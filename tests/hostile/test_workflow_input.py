"""What somebody starts a workflow with, past our starter: it fails at once, and says why."""

import asyncio
import json
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue
from temporalio.converter import DefaultPayloadConverter
from temporalio.exceptions import ApplicationError

from insyz.errors import InvalidReportError
from insyz.settings import Settings
from insyz.store import ReportStore
from starter import status, submit, wait_for_result
from tests.hostile.test_size import LONG, nested
from tests.portal import Portal
from tests.sandbox import SANDBOX
from tests.support import a_report
from worker import build_worker, gateway_for
from workflows.contract import SUBMIT_REPORT, TASK_QUEUE, State, workflow_id

HOSTILE: dict[str, Any] = {
    "an id beyond the database's integers": a_report(id_zp=10**30),
    "an id beyond the database's integers by one": a_report(id_zp=2**31),
    "a negative id": a_report(id_zp=-1),
    "yes for an id": a_report(id_zp=True),
    "a huge order number": a_report(cislo_zp="S" * 900_000),
    "an order number of objects": a_report(cislo_zp=[{"a": 1}] * 1_000),
    "a huge user": a_report(submitted_by=10**3_000, int_adr=-(10**3_000)),
    "many problems": a_report(znackari=[{}] * 50_000),
    "many unknown attachments": a_report(data_b={"Prilohy": [*range(90_000)]}),
    "deep": a_report(data_b=nested(98, [1] * 1_000 + [[[]]], LONG)),
    "a name that is written over and over": a_report(data_b={"k" * 500_000: [1] * 50_000}),
    "characters that rule terminals": a_report(data_b={"\x1b[2J\u202e": 1, "Prilohy": "\x1b"}),
    "no report": ["\u202e\x1b[2J\n"] * 1_000,
}


async def refusal(client: Client, name: str, report: Any) -> str:
    """The error type with which a run of this report ends."""
    id_zp: Any = report["id_zp"] if isinstance(report, dict) else name
    handle: WorkflowHandle[Any, Any] = await client.start_workflow(
        SUBMIT_REPORT,
        RawValue(DefaultPayloadConverter().to_payload(report)),
        id=workflow_id(id_zp),
        task_queue=TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), 20)
    assert isinstance(failed.value.cause, ApplicationError)
    assert len(failed.value.cause.message) < 21_000
    return failed.value.cause.type or ""


async def test_hostile_input_fails_its_own_run_and_nothing_else(
    client: Client, settings: Settings, portal: Portal
) -> None:
    async with (
        ReportStore(portal.url) as store,
        gateway_for(settings) as gateway,
        build_worker(client, gateway, settings, store=store, workflow_runner=SANDBOX),
    ):
        ends = await asyncio.gather(*(refusal(client, *case) for case in HOSTILE.items()))
        assert dict(zip(HOSTILE, ends, strict=True)) == dict.fromkeys(
            HOSTILE, InvalidReportError.__name__
        )
        good = a_report()
        ended = await wait_for_result(await submit(good, client=client), 20)
        assert ended is not None
        assert ended.state is State.SUBMITTED
        for report in HOSTILE.values():
            if isinstance(report, dict) and isinstance(report["id_zp"], int):
                json.dumps((await status(report["id_zp"], client=client)).model_dump(mode="json"))
