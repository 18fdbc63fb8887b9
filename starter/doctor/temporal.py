"""Checks of Temporal: the server, what is prepared in it, who works, what is stuck."""

import socket
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import TemporalUnreachableError, bounded, connect
from starter.demand import needs_a_worker
from starter.doctor.examination import Check, Concern, NotApplicable, Trouble
from starter.doctor.site import Site, Workers
from starter.embedded import RETENTION
from starter.listing import OPEN, count
from starter.setup import missing_search_attributes
from starter.workers import live_workers
from workflows.contract import Phase

OVERDUE = timedelta(minutes=-2)
"""So long a report may wait for a worker that is started on demand, each minute at the latest."""
STUCK = "TemporalReportedProblems IS NOT NULL"


async def temporal(site: Site) -> str:
    try:
        site.client = await connect()
    except TemporalUnreachableError as error:
        raise Trouble(str(error)) from None
    address, namespace = site.client.service_client.config.target_host, site.client.namespace
    request = DescribeNamespaceRequest(namespace=namespace)
    try:
        described = await bounded(site.client.workflow_service.describe_namespace(request))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Trouble(f"{address} has no namespace {namespace}", NO_NAMESPACE) from None
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    seen = f"{address}, namespace {namespace}, keeps closed workflows {kept / DAY:g} days"
    if kept < RETENTION:
        raise Concern(f"{seen}, less than {RETENTION / DAY:g}", FORGETFUL)
    return seen


async def search_attributes(site: Site) -> str:
    if missing := await missing_search_attributes(site.client):
        raise Trouble(f"missing: {', '.join(key.name for key in missing)}")
    return "all are there"


async def worker(site: Site) -> str:
    live = await live_workers(site.client)
    if site.workers is Workers.HERE:
        live = [one for one in live if one.host == socket.gethostname()]
    if live:
        return f"polling: {', '.join(sorted(one.identity for one in live))}"
    where = " on this host" if site.workers is Workers.HERE else ""
    if site.workers is not Workers.ON_DEMAND:
        raise Trouble(f"no worker is polling{where}")
    if await needs_a_worker(site.client, within=OVERDUE):
        raise Trouble("no worker is polling, and reports wait for one", NOT_ENSURED)
    return "none is polling, and none is needed"


async def stuck(site: Site) -> str:
    try:
        number = await count(site.client, STUCK)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        raise NotApplicable("this server does not report workflow tasks that fail") from None
    if number:
        raise Trouble(f"{number} workflows whose tasks fail again and again")
    return "no workflow task fails"


async def decisions(site: Site) -> str:
    number = await count(site.client, f'{OPEN} AND InsyzPhase="{Phase.NEEDS_DECISION}"')
    if number:
        raise Concern(f"{number} reports wait for a person")
    return "no report waits for a person"


DAY = timedelta(days=1)
NO_NAMESPACE = (
    "create it, or name another in TEMPORAL_NAMESPACE (`insyz server` makes the one it names)"
)
FORGETFUL = (
    "temporal operator namespace update --retention 30d: what Temporal has forgotten, only INSYZ "
    "can tell"
)
NOT_ENSURED = "run `insyz ensure-worker --if-pending` each minute (cron, insyz-ensure-worker.timer)"

CHECKS = (
    Check(
        "temporal",
        temporal,
        "start Temporal (`insyz server`, or the compose stack), or set TEMPORAL_ADDRESS",
    ),
    Check("search-attributes", search_attributes, "run `insyz setup`", needs=("temporal",)),
    Check("worker", worker, "start one: `insyz worker`", needs=("temporal",)),
    Check(
        "workflow-tasks",
        stuck,
        f"see their problems: temporal workflow list -q '{STUCK}'; they go on when the worker's "
        "code is mended",
        needs=("temporal",),
    ),
    Check(
        "decisions",
        decisions,
        "temporal workflow list -q 'InsyzPhase=\"needs_decision\"', then `insyz resolve`",
        needs=("search-attributes",),
    ),
)
