"""The worker process: settings, a client, a gateway, and the worker made of them."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.delivery_terms import DeliveryTermsOf
from activities.generate_xml import generate_xml
from activities.portal import PortalActivities
from activities.submit_to_insyz import SubmitToInsyz
from insyz.audit import audited
from insyz.gateway import Gateway
from insyz.http_gateway import HttpGateway
from insyz.logs import set_up_logging
from insyz.settings import Settings, SettingsError
from insyz.store import ReportStore
from insyz.webhook import OutcomeWebhook
from observability.counting import Counting
from observability.endpoint import worker_runtime
from observability.metrics import metrics
from observability.tracing import outgoing_headers, traced
from starter.connection import TemporalUnreachableError, connect
from starter.exit_codes import ExitCode
from starter.process import run_and_exit
from starter.tracing import WORKER, TracingUnavailableError
from workflows.contract import TASK_QUEUE
from workflows.guard import StartGuard, UnknownWorkflow
from workflows.submit_report import SubmitReport
from workflows.timing import Timing, TimingProvider

log = logging.getLogger("insyz.worker")

PASSED_THROUGH = (
    *("activities", "insyz", "observability", "workflows"),
    *("lxml", "opentelemetry", "pydantic", "pydantic_core"),
)
"""Modules that the workflow sandbox shares instead of importing them anew for each run."""


def build_worker(
    client: Client,
    gateway: Gateway,
    settings: Settings,
    *,
    store: ReportStore | None = None,
    webhook: OutcomeWebhook | None = None,
) -> Worker:
    """A worker on our task queue; leaving it lets a try that is under way come to its end."""
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
        workflows=[SubmitReport, UnknownWorkflow],
        activities=[
            generate_xml,
            submit.submit_to_insyz,
            terms.delivery_terms,
            portal.record_outcome,
            portal.notify_portal,
        ],
        interceptors=interceptors(timing),
        max_concurrent_activities=settings.insyz_max_concurrent,
        graceful_shutdown_timeout=timedelta(seconds=settings.insyz_try_secs),
        workflow_runner=workflow_runner(),
    )


def interceptors(timing: Timing) -> list[Interceptor]:
    """What surrounds our workflows, in a worker and in a replay."""
    return [Counting(), StartGuard(), TimingProvider(timing)]


def workflow_runner() -> SandboxedWorkflowRunner:
    """What runs our workflows, in a worker and in a replay."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    )


async def run_worker() -> ExitCode:
    """Works until SIGTERM or SIGINT; then finishes what is under way and returns."""
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
    leave = _leave_on_signals()
    try:
        client = await connect(runtime=runtime, service=WORKER)
    except TemporalUnreachableError as error:
        log.error("%s", error)
        return ExitCode.UNREACHABLE
    except TracingUnavailableError as error:
        log.error("%s", error)
        return ExitCode.INVALID
    async with whole_worker(client, settings) as worker, worker:
        log.info("working on task queue %s", TASK_QUEUE, extra={"action": "start"})
        await leave.wait()
        log.info("leaving: finishing what is under way", extra={"action": "drain"})
    log.info("left", extra={"action": "stop"})
    return ExitCode.OK


@asynccontextmanager
async def whole_worker(client: Client, settings: Settings) -> AsyncIterator[Worker]:
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
        yield build_worker(client, gateway, settings, store=store, webhook=webhook)


def store_for(settings: Settings) -> ReportStore | None:
    if settings.reports_database_url is None:
        return None
    return ReportStore(settings.reports_database_url, portal_base_url=settings.portal_base_url)


def webhook_for(settings: Settings) -> OutcomeWebhook | None:
    if settings.outcome_webhook_url is None or settings.outcome_webhook_secret is None:
        return None
    return OutcomeWebhook(
        settings.outcome_webhook_url,
        settings.outcome_webhook_secret,
        request_secs=settings.insyz_request_secs,
    )


def gateway_for(settings: Settings) -> HttpGateway:
    """The gateway that the settings ask for; an async context manager."""
    return HttpGateway(
        settings.insyz_url,
        settings.insyz_token,
        delivery=settings.insyz_delivery,
        settle_secs=settings.insyz_settle_secs,
        connect_secs=settings.insyz_connect_secs,
        request_secs=settings.insyz_request_secs,
        headers=outgoing_headers,
    )


def _leave_on_signals() -> asyncio.Event:
    leave = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    return leave


def main() -> int:
    return asyncio.run(run_worker())


if __name__ == "__main__":
    run_and_exit(main)
