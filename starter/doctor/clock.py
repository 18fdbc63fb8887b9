"""How far this machine's clock and Temporal's are apart."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, PollWorkflowTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from starter.connection import bounded
from starter.doctor.examination import Check, NotApplicable, Trouble
from starter.doctor.site import Site

MAX_SKEW = timedelta(seconds=10)
"""Half of what docs/design.md assumes: beyond that nothing is sent."""
QUEUE = TaskQueue(name="insyz-doctor")
LONG_POLL = timedelta(seconds=4)
LOOK_SECS = 0.05


async def clock(site: Site) -> str:
    before = datetime.now(UTC)
    theirs = await _server_time(site.client)
    off = outside(theirs, before, datetime.now(UTC))
    if off > MAX_SKEW:
        raise Trouble(f"this machine's clock and Temporal's are {off.total_seconds():.0f} s apart")
    return f"this machine's clock and Temporal's are within {off.total_seconds():.1f} s"


def outside(moment: datetime, begin: datetime, end: datetime) -> timedelta:
    """How far `moment` lies outside of the interval; nothing when in it."""
    return max(begin - moment, moment - end, timedelta(0))


async def _server_time(client: Client) -> datetime:
    """The server notes by its own clock when a poll came in. This one is for a queue of our own, on
    which there is never anything to do: no workflow is needed, and none is disturbed."""
    identity = f"insyz-doctor-{uuid4()}"  # it remembers those that polled earlier, too
    poll = PollWorkflowTaskQueueRequest(
        namespace=client.namespace, task_queue=QUEUE, identity=identity
    )
    polling = asyncio.ensure_future(
        client.workflow_service.poll_workflow_task_queue(poll, timeout=LONG_POLL)
    )
    try:
        while not polling.done():
            if ours := [one for one in await _pollers(client) if one.identity == identity]:
                return ours[0].last_access_time.ToDatetime(tzinfo=UTC)
            await asyncio.sleep(LOOK_SECS)
        raise NotApplicable("this server does not say when it was asked")
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError, RPCError):
            await polling


async def _pollers(client: Client) -> Sequence[PollerInfo]:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=QUEUE,
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return (await bounded(client.workflow_service.describe_task_queue(request))).pollers


CHECKS = (
    Check(
        "clock",
        clock,
        "set both clocks by NTP: where they are 20 s apart, nothing is sent",
        needs=("temporal",),
    ),
)
