"""SubmitReport: the story of one report, from the portal to INSYZ."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.generate_xml import generate_xml
    from activities.submit_to_insyz import SubmitToInsyz
    from insyz.errors import PERMANENT_ERRORS, InvalidReportError, OutcomeUnknownError
    from insyz.report import Report, parse_json, submission_key
    from workflows.contract import (
        STATUS_QUERY,
        SUBMIT_REPORT,
        FailedTry,
        Failure,
        GeneratedXml,
        InsyzRequest,
        Phase,
        State,
        Status,
        XmlRequest,
    )
    from workflows.failures import failure
    from workflows.messages import message_for
    from workflows.timing import timing

TRY_DIED = "TemporalTimeout:StartToClose"
"""Temporal's own name for a try that nobody reported back: its worker died or froze. Whether it
sent anything is not known, so it must not be repeated like one that is known to have failed."""

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_attempts=4,
    non_retryable_error_types=[*(error.__name__ for error in PERMANENT_ERRORS), TRY_DIED],
)
"""Three retries after the first try, 1, 2 and 4 s apart (insyz-gateway, "Retry")."""


@workflow.defn(name=SUBMIT_REPORT)
class SubmitReport:
    """Input: the report as one JSON object (`insyz.report.Report`). Result: `contract.Status`.

    Fails with the name of one of the domain's errors as type and the status as detail.
    """

    def __init__(self) -> None:
        self._status = Status()

    @workflow.run
    async def run(self, raw: RawValue) -> Status:
        try:
            report = self._check(raw)
            document = await self._generate_xml(report)
            await self._submit(report, document)
        except InvalidReportError as error:
            self._fail(Failure(type=InvalidReportError.__name__, message=str(error)))
        except ActivityError as error:
            self._status.attempt = _tries_behind(error)
            self._fail(_failure_behind(error))
        if self._status.error:
            raise failure(self._status.error.type, self._status.error.message, self.status())
        return self.status()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> Status:
        """The portal's view of this submission."""
        return self._status.model_copy(update={"message": message_for(self._status)})

    def _check(self, raw: RawValue) -> Report:
        """The input is decoded here, not by the SDK, so that a malformed one fails the run."""
        encoding = raw.payload.metadata.get("encoding", b"").decode(errors="replace")
        if encoding != "json/plain":
            raise InvalidReportError(f"expected a JSON object (json/plain), got {encoding!r}")
        report = Report.parse(parse_json(raw.payload.data))
        self._status.id_zp = report.id_zp
        self._status.cislo_zp = report.cislo_zp
        self._status.submission_key = submission_key(report)
        return report

    async def _generate_xml(self, report: Report) -> GeneratedXml:
        # A local activity: it takes a millisecond and touches nothing outside the worker.
        document = await workflow.execute_local_activity(
            generate_xml,
            XmlRequest(report=report, submitted_at=workflow.now()),
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
        self._status.warnings = document.warnings
        return document

    async def _submit(self, report: Report, document: GeneratedXml) -> None:
        self._status.phase = Phase.SENDING
        result = await workflow.execute_activity_method(
            SubmitToInsyz.submit_to_insyz,
            InsyzRequest(
                id_zp=report.id_zp,
                key=submission_key(report),
                xml=document.xml,
                uzivatel=str(report.owner),
            ),
            activity_id="submit",
            start_to_close_timeout=timedelta(seconds=timing().try_secs),
            retry_policy=RETRIES,
        )
        self._status.attempt = result.attempt
        self._status.receipt = result.receipt
        self._status.phase = Phase.TAKEN
        self._status.state = State.SUBMITTED

    def _fail(self, error: Failure) -> None:
        self._status.error = error
        self._status.phase = Phase.FAILED
        self._status.state = State.REJECTED


def _failure_behind(error: ActivityError) -> Failure:
    """What ended an activity: one of the domain's errors, or a try that nobody reported back."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return Failure(type=cause.type or type(cause).__name__, message=cause.message)
    return Failure(
        type=OutcomeUnknownError.__name__, message=f"the try ended without a report: {cause}"
    )


def _tries_behind(error: ActivityError) -> int:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        return FailedTry.model_validate(cause.details[0]).attempt
    return 1
