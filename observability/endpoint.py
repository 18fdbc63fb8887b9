"""Where Prometheus finds the worker's metrics."""

from temporalio.runtime import PrometheusConfig, Runtime

from insyz.settings import SettingsError
from observability.names import TIME_TO_SUBMIT
from starter.connection import make_runtime
from starter.workers import HEARTBEAT

BUCKETS_SECS = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 45, 120, 600, 3_600, 21_600, 86_400)
"""From a report that goes straight through to one that needed a day of patience."""


def worker_runtime(address: str | None) -> Runtime:
    """The runtime of a worker, which exposes metrics at `address` (`host:port`; None: nowhere).

    Raises SettingsError when nobody can listen there.
    """
    if address is None:
        return make_runtime(heartbeats=HEARTBEAT)
    metrics = PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides={TIME_TO_SUBMIT: BUCKETS_SECS},
    )
    try:
        return make_runtime(heartbeats=HEARTBEAT, metrics=metrics)
    except ValueError as error:
        raise SettingsError(f"INSYZ_METRICS_ADDRESS: {address}: {error}") from None
