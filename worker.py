"""The worker process: settings, a client, a gateway, and the worker made of them."""

import argparse
import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from activities.delivery_terms import DeliveryTermsOf
from activities.generate_xml import generate_xml
from activities.portal import PortalActivities
from activities.submit_to_insyz import SubmitToInsyz
from insyz import VERSION
from insyz.audit import audited
from insyz.gateway import Gateway
from insyz.http_gateway import HttpGateway
from insyz.logs import set_up_logging
from insyz.payload_keys import PayloadKeysError
from insyz.settings import Settings, SettingsError
from insyz.transport import Transport
from lifetime.leaving import Leaving, first_of
from lifetime.workload import Workload
from observability.counting import Counting
from observability.endpoint import worker_runtime
from observability.metrics import metrics
from observability.tracing import outgoing_headers, traced
from starter.connection import TemporalUnreachableError, connect
from starter.connection_settings import ConnectionSettingsError
from starter.exit_codes import ExitCode
from starter.process import run_and_exit
from starter.signals import leave_on_signals
from starter.tracing import WORKER, TracingUnavailableError
from starter.worker_limits import Limits, add_options
from starter.worker_lock import WorkerLock
from workflows.contract import TASK_QUEUE
from workflows.dismissal import DismissFailure
from workflows.guard import StartGuard, UnknownWorkflow
from workflows.submit_report import SubmitReport
from workflows.timing import Timing, TimingProvider

if TYPE_CHECKING:
    from insyz.store import ReportStore
    from insyz.webhook import OutcomeWebhook

log = logging.getLogger("insyz.worker")

OBJECTS_PER_COLLECTION = 20_000
"""About as many as a report leaves behind."""


def build_worker(
    client: Client,
    gateway: Gateway,
    settings: Settings,
    *,
    store: "ReportStore | None" = None,
    webhook: "OutcomeWebhook | None" = None,
    also: Sequence[Interceptor] = (),
    workflow_runner: WorkflowRunner | None = None,
) -> Worker:
    """A worker on our task queue; leaving it lets a try that is under way come to its end.

    `also`: interceptors that are not needed for the work itself. Workflows run without the SDK's
    sandbox unless another `workflow_runner` is given: it takes an eighth of a report's time, and
    what it would catch it catches in the tests, which run in it.
    """
    gateway = audited(traced(gateway))
    portal = PortalActivities(store, webhook)
    submit = SubmitToInsyz(gateway, request_secs=settings.insyz_request_secs)
    terms = DeliveryTermsOf(
        gateway,
        patience_first_secs=settings.insyz_patience_first_secs,
        patience_max_secs=settings.insyz_patience_max_secs,
        patience_secs=settings.insyz_patience_hours * 3_600,
    )
    timing = Timing(
        try_secs=settings.insyz_try_secs, retry_first_secs=settings.insyz_retry_first_secs
    )
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[SubmitReport, DismissFailure, UnknownWorkflow],
        activities=[
            generate_xml,
            submit.submit_to_insyz,
            terms.delivery_terms,
            portal.record_outcome,
            portal.notify_portal,
        ],
        interceptors=[*interceptors(timing), *also],
        identity=identity(),
        max_concurrent_activities=settings.insyz_max_concurrent,
        max_task_queue_activities_per_second=settings.insyz_max_per_second,
        graceful_shutdown_timeout=timedelta(seconds=settings.insyz_try_secs),
        workflow_runner=workflow_runner or UnsandboxedWorkflowRunner(),
        # No payload lies outside of Temporal. With more than one at a time, the SDK makes a task of
        # asyncio's for each payload all the same, to find out that there is nothing to fetch.
        max_workflow_task_external_storage_concurrency=1,
    )


def interceptors(timing: Timing) -> list[Interceptor]:
    """What surrounds our workflows, in a worker and in a replay."""
    return [Counting(), StartGuard(), TimingProvider(timing)]


def identity() -> str:
    """How a worker shows itself in the Web UI and to `insyz doctor`."""
    return f"{os.getpid()}@{socket.gethostname()} insyz-pipeline {VERSION}"


async def run_worker(limits: Limits, lock: WorkerLock | None = None) -> ExitCode:
    """Works until SIGTERM, SIGINT or a limit; then finishes what is under way and returns.

    `lock`: of the on-demand worker, handed over by the process that started it.
    """
    try:
        settings = Settings.load()
        runtime = worker_runtime(settings.insyz_metrics_address)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return ExitCode.INVALID
    set_up_logging(settings.log_format, settings.log_level)
    # The fields are on the record (insyz.logs); in the text they would stand twice.
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    leave = leave_on_signals()
    try:
        client = await connect(runtime=runtime, service=WORKER)
    except TemporalUnreachableError as error:
        log.error("%s", error)
        return ExitCode.UNREACHABLE
    except (ConnectionSettingsError, TracingUnavailableError, PayloadKeysError) as error:
        log.error("%s", error)
        return ExitCode.INVALID
    # What is loaded by now stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    workload = Workload()
    async with whole_worker(client, settings, also=workload.interceptors()) as worker, worker:
        log.info("working on task queue %s", TASK_QUEUE, extra={"action": "start"})
        reason = await first_of(_signalled(leave), Leaving(client, limits, workload, lock).reason())
        if lock is not None:
            lock.release()  # it takes no more tasks, so another one may start
        log.info("leaving, %s: finishing what is under way", reason, extra={"action": "drain"})
    log.info("left", extra={"action": "stop"})
    return ExitCode.OK


@asynccontextmanager
async def whole_worker(
    client: Client, settings: Settings, *, also: Sequence[Interceptor] = ()
) -> AsyncIterator[Worker]:
    """The worker and all it needs, as the settings ask for."""
    async with AsyncExitStack() as opened:
        gateway = await opened.enter_async_context(gateway_for(settings))
        store, webhook = store_for(settings), webhook_for(settings)
        if store is not None:
            await opened.enter_async_context(store)
        if webhook is not None:
            await opened.enter_async_context(webhook)
        if settings.insyz_metrics_address is not None:
            await opened.enter_async_context(metrics(client, gateway))
        yield build_worker(client, gateway, settings, store=store, webhook=webhook, also=also)


def store_for(settings: Settings) -> "ReportStore | None":
    if settings.reports_database_url is None:
        return None
    from insyz.store import ReportStore  # a quarter of the time that a worker takes to load

    return ReportStore(settings.reports_database_url, portal_base_url=settings.portal_base_url)


def webhook_for(settings: Settings) -> "OutcomeWebhook | None":
    if settings.outcome_webhook_url is None or settings.outcome_webhook_secret is None:
        return None
    from insyz.webhook import OutcomeWebhook

    return OutcomeWebhook(
        settings.outcome_webhook_url,
        settings.outcome_webhook_secret,
        request_secs=settings.insyz_request_secs,
        transport=Transport(settings.outcome_webhook_tls, settings.outcome_webhook_proxy),
    )


def gateway_for(settings: Settings) -> AbstractAsyncContextManager[Gateway]:
    """The gateway that the settings ask for."""
    if settings.sql_address is not None:
        from insyz.sql_assembly import sql_gateway  # its driver is an extra

        return sql_gateway(settings)
    assert settings.insyz_token is not None  # noqa: S101 (the settings see to it)
    return HttpGateway(
        settings.insyz_url,
        settings.insyz_token,
        delivery=settings.insyz_delivery,
        settle_secs=settings.insyz_settle_secs,
        connect_secs=settings.insyz_connect_secs,
        request_secs=settings.insyz_request_secs,
        headers=outgoing_headers,
        transport=Transport(settings.insyz_tls, settings.insyz_proxy),
    )


async def _signalled(leave: asyncio.Event) -> str:
    await leave.wait()
    return "asked to"


def main() -> int:
    parser = argparse.ArgumentParser(prog="worker.py", description="Submits reports to INSYZ.")
    add_options(parser)
    # From the process that starts an on-demand worker (starter.on_demand).
    parser.add_argument("--lock-fd", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    lock = None if args.lock_fd is None else WorkerLock(args.lock_fd)
    with asyncio.Runner(loop_factory=_event_loops()) as runner:
        return runner.run(run_worker(Limits.of(args), lock))


def _event_loops() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """libuv's, a twelfth less work for a report than asyncio's own; it is not made for Windows."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    run_and_exit(main)
