"""The audit log: one record for every request to INSYZ about a report, and no content."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from insyz.gateway import Gateway
from insyz.watched import Exchange, WatchedGateway

log = logging.getLogger("insyz.audit")


def audited(gateway: Gateway) -> Gateway:
    """`gateway`, with a record of each of its requests as soon as it has ended."""
    return WatchedGateway(gateway, _record)


@contextmanager
def _record(exchange: Exchange) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        fields = {
            "action": "insyz_request",
            "operation": exchange.operation,
            "key": exchange.key,
            "id_zp": exchange.id_zp,
            "uzivatel": exchange.uzivatel,
            "outcome": exchange.outcome,
            "duration_ms": round((time.monotonic() - started) * 1_000),
            "document_bytes": exchange.document_bytes,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        log.info("request to INSYZ", extra=known)
