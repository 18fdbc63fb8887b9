"""Reports that are read from the portal's database."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio.client import Client

from insyz.errors import InvalidReportError
from insyz.outcome import Outcome
from insyz.resend import Resend
from insyz.settings import SettingsError, StoreSettings
from insyz.store import NotSendableError, ReportStore, StoredReport
from starter.submission import AlreadySubmittedError, OtherContentError, Started, submit
from workflows.activity_contract import OutcomeRecord
from workflows.contract import Failure, Phase, State, Status
from workflows.messages import message_for

log = logging.getLogger("insyz.starter")


@asynccontextmanager
async def portal_store() -> AsyncIterator[ReportStore]:
    """The store that the environment names. Raises SettingsError."""
    settings = StoreSettings.load()
    if settings.reports_database_url is None:
        raise SettingsError("REPORTS_DATABASE_URL: not set")
    async with ReportStore(
        settings.reports_database_url, portal_base_url=settings.portal_base_url
    ) as store:
        yield store


async def submit_stored(
    store: ReportStore,
    report_id: int,
    *,
    client: Client | None = None,
    submitted_by: int | None = None,
    resend: Resend | None = None,
) -> Started:
    """Marks the report as sent and submits it.

    Marked first: a backend that dies in between leaves it in `send`, where `submit_pending` finds
    it. Raises what `submit` raises, and StoreError.
    """
    report = await store.dispatch(
        report_id, submitted_by=submitted_by, resend=resend, now=datetime.now(UTC)
    )
    return await submit(report, client=client, submitted_by=submitted_by, resend=resend)


@dataclass(slots=True)
class Pending:
    """What became of the reports in `send`, by report id."""

    started: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)
    """INSYZ's verdict was known, and the portal's table did not have it yet."""
    failed: dict[int, str] = field(default_factory=dict)


async def submit_pending(store: ReportStore, client: Client) -> Pending:
    """Submits all reports in `send` that no workflow is running for: the safety net for a backend
    that died between its commit and its call. One that cannot be submitted does not stop the rest.
    """
    pending = Pending()
    for report_id in await store.pending():
        try:
            started = await submit_stored(store, report_id, client=client)
            (pending.running if started.joined else pending.started).append(report_id)
        except AlreadySubmittedError as done:
            await store.record(_found_out(done.status, f"status-{report_id}"))
            pending.recorded.append(report_id)
        except (InvalidReportError, OtherContentError, NotSendableError) as error:
            pending.failed[report_id] = f"{type(error).__name__}: {error}"
    return pending


def _found_out(status: Status, run_id: str) -> Outcome:
    """The outcome of a submission whose own notice never reached the table."""
    return OutcomeRecord(status=status, user=None, run_id=run_id, at=datetime.now(UTC)).outcome()


async def stored_status(id_zp: int) -> Status | None:
    """What the portal's table knows of a report that no workflow is known of; None: nothing."""
    async with portal_store() as store:
        stored = await store.by_id_zp(id_zp)
    return None if stored is None else _status_of(stored)


def _status_of(stored: StoredReport) -> Status:
    entries = [
        entry.get("data") or {}
        for entry in stored.history
        if entry.get("action") in {"insyz_submitted", "insyz_error"}
    ]
    last = entries[-1] if entries else {}
    error = last.get("error") if stored.state == State.REJECTED else None
    status = Status(
        id_zp=stored.id_zp,
        cislo_zp=stored.cislo_zp,
        state=State(stored.state),
        phase=Phase.UNTRACKED,
        attempt=last.get("attempt", 0),
        submission_key=last.get("submission_key"),
        receipt=last.get("receipt"),
        error=Failure.model_validate(error) if error else None,
    )
    return status.model_copy(update={"message": message_for(status)})
