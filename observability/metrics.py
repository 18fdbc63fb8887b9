"""The worker's own metrics, as long as it works."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.common import MetricMeter

from insyz.gateway import Gateway
from observability.gauges import Gauges, kept_current
from observability.zeros import start_at_zero
from workflows.contract import TASK_QUEUE


@asynccontextmanager
async def metrics(client: Client, gateway: Gateway) -> AsyncIterator[None]:
    """Counters from 0, and gauges kept current; on the runtime of `client`."""
    runtime = client.service_client.config.runtime
    meter = (runtime.metric_meter if runtime else MetricMeter.noop).with_additional_attributes(
        {"namespace": client.namespace, "task_queue": TASK_QUEUE}
    )
    start_at_zero(meter)
    async with kept_current(Gauges(meter, client, gateway)):
        yield
