"""Which workers serve the task queue, as Temporal knows it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListWorkersRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import bounded
from workflows.contract import TASK_QUEUE

HEARTBEAT = timedelta(seconds=1)
"""How often our workers tell the server that they are there."""
SILENT_AFTER = timedelta(seconds=5)
"""A worker that has not been heard of for so long is dead, frozen or cut off."""
LONG_POLL = timedelta(seconds=70)
"""A worker without heartbeats shows itself only with each of its polls, a minute each."""

WITHOUT_HEARTBEATS = frozenset({RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED})


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker that serves our task queue. `pid` is 0 where the server does not tell."""

    identity: str
    host: str
    pid: int
    started: datetime | None
    heard: datetime


async def live_workers(client: Client) -> list[LiveWorker]:
    """Those that take tasks at this moment, not those that are leaving.

    Raises TemporalUnreachableError.
    """
    request = ListWorkersRequest(
        namespace=client.namespace, query=f'TaskQueue="{TASK_QUEUE}"', page_size=1_000
    )
    try:
        listed = await bounded(client.workflow_service.list_workers(request))
    except RPCError as error:
        if error.status not in WITHOUT_HEARTBEATS:
            raise
        return await _pollers(client)
    return [
        _worker(one.worker_heartbeat)
        for one in listed.workers_info
        if one.worker_heartbeat.status == WorkerStatus.WORKER_STATUS_RUNNING
        and _is_recent(_time(one.worker_heartbeat), SILENT_AFTER)
    ]


async def _pollers(client: Client) -> list[LiveWorker]:
    """Of a server that keeps no heartbeats (before 1.31): who has polled a moment ago."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    described = await bounded(client.workflow_service.describe_task_queue(request))
    seen = {
        poller.identity: poller.last_access_time.ToDatetime(tzinfo=UTC)
        for poller in described.pollers
    }
    return [
        LiveWorker(identity=identity, host="", pid=0, started=None, heard=heard)
        for identity, heard in seen.items()
        if _is_recent(heard, LONG_POLL)
    ]


def _worker(beat: WorkerHeartbeat) -> LiveWorker:
    process_id = beat.host_info.process_id
    return LiveWorker(
        identity=beat.worker_identity,
        host=beat.host_info.host_name,
        pid=int(process_id) if process_id.isdecimal() else 0,
        started=beat.start_time.ToDatetime(tzinfo=UTC),
        heard=_time(beat),
    )


def _time(beat: WorkerHeartbeat) -> datetime:
    return beat.heartbeat_time.ToDatetime(tzinfo=UTC)


def _is_recent(heard: datetime, limit: timedelta) -> bool:
    # The worker's clock told the time of the heartbeat: a little ahead of ours is no miracle.
    return abs(datetime.now(UTC) - heard) < limit
