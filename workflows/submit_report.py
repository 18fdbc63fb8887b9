"""SubmitReport: the story of one report, from the portal to INSYZ."""

import asyncio
from datetime import timedelta
from typing import Any, TypeGuard

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.generate_xml import generate_xml
    from insyz.errors import InvalidReportError
    from insyz.report import MAX_CISLO_ZP_CHARS, MAX_INT, Report, parse_json, submission_key
    from workflows.activity_contract import GeneratedXml, InsyzRequest, XmlRequest
    from workflows.contract import (
        CANCEL_SIGNAL,
        MEMO_FIRST_RUN,
        MEMO_PREVIOUS_RUN,
        RESOLVE_UPDATE,
        RETRY_SIGNAL,
        STATUS_QUERY,
        SUBMIT_REPORT,
        CancelRequest,
        Decision,
        Failure,
        Phase,
        State,
        Status,
        workflow_id,
    )
    from workflows.control import Control
    from workflows.delivery import Delivery
    from workflows.failures import failure
    from workflows.messages import message_for
    from workflows.portal_notice import PortalNotice
    from workflows.visibility import Display

BY_TEMPORAL = CancelRequest(by="an operator", why="by Temporal's own cancel")


@workflow.defn(name=SUBMIT_REPORT)
class SubmitReport:
    """Input: the report as one JSON object (`insyz.report.Report`). Result: `contract.Status`.

    Fails with the name of one of the domain's errors as type and the status as detail.
    """

    def __init__(self) -> None:
        self._status = Status()
        self._control = Control()
        self._display = Display()
        self._user: int | None = None

    @workflow.run
    async def run(self, raw: RawValue) -> Status:
        story = asyncio.create_task(self._story_to_its_end(raw))
        try:
            await asyncio.shield(story)
        except asyncio.CancelledError:
            # A wish, not an order: a report that may be on its way has to be followed to its end.
            self._control.cancel(BY_TEMPORAL)
            await story
        if self._status.phase is Phase.FAILED and self._status.error is not None:
            raise failure(self._status.error.type, self._status.error.message, self.status())
        return self.status()

    async def _story_to_its_end(self, raw: RawValue) -> None:
        await self._story(raw)
        if self._status.id_zp is not None:
            await PortalNotice(self._status, self._user, self._display).give()
        self._display.show(self._status)

    async def _story(self, raw: RawValue) -> None:
        try:
            report = self._check(raw)
            document = await self._generate_xml(report)
        except InvalidReportError as error:
            self._fail(type(error).__name__, str(error))
        except FailureError as error:
            # Not always an ActivityError: a local activity may fail with its own error, unwrapped.
            cause = error.cause if isinstance(error, ActivityError) else error
            error_type = cause.type if isinstance(cause, ApplicationError) else None
            self._fail(error_type or type(cause).__name__, getattr(cause, "message", str(cause)))
        else:
            await self._deliver(report, document)

    async def _deliver(self, report: Report, document: GeneratedXml) -> None:
        request = InsyzRequest(
            id_zp=report.id_zp,
            key=submission_key(report),
            xml=document.xml,
            uzivatel=str(report.owner),
            first_run=_is_first_run(),
            previous_run=_previous_run(),
        )
        await Delivery(request, self._status, self._control, self._display).run()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> Status:
        """The portal's view of this submission."""
        return self._status.model_copy(update={"message": message_for(self._status)})

    @workflow.signal(name=RETRY_SIGNAL)
    def retry(self) -> None:
        """Try at once instead of waiting, now or after the try that is under way."""
        self._control.retry()

    @workflow.signal(name=CANCEL_SIGNAL)
    def cancel(self, request: CancelRequest) -> None:
        """Do not send the report any more; if it may be on its way, first find out."""
        self._control.cancel(request)

    @workflow.update(name=RESOLVE_UPDATE)
    def resolve(self, decision: Decision) -> Status:
        """A person decides about a report whose fate nothing else can tell."""
        self._control.decide(decision)
        return self.status()

    @resolve.validator
    def _refuse_needless_decision(self, decision: Decision) -> None:  # noqa: ARG002
        if self._status.phase is not Phase.NEEDS_DECISION:
            raise ApplicationError(
                f"nothing to decide: the report is in phase {self._status.phase}",
                type="NothingToDecide",
                non_retryable=True,
            )

    def _check(self, raw: RawValue) -> Report:
        """The input is decoded here, not by the SDK, so that a malformed one fails the run."""
        encoding = raw.payload.metadata.get("encoding", b"").decode(errors="replace")
        if encoding != "json/plain":
            raise InvalidReportError(f"expected a JSON object (json/plain), got {encoding!r}")
        given = parse_json(raw.payload.data)
        self._identify(given)
        report = Report.parse(given)
        if self._status.id_zp is None:
            # Two runs under two ids would both find nothing at INSYZ, and both send.
            raise InvalidReportError(
                f"the workflow id of report {report.id_zp} must be {workflow_id(report.id_zp)!r}, "
                f"not {workflow.info().workflow_id!r}: it keeps a report from being sent twice"
            )
        self._user = report.submitter
        self._status.submission_key = submission_key(report)
        return report

    def _identify(self, given: Any) -> None:
        """Whose report it is, as far as a malformed one tells: the portal has to hear of it too.

        Only of the report that this run is for: no other may be touched.
        """
        fields = given if isinstance(given, dict) else {}
        id_zp, cislo_zp = fields.get("id_zp"), fields.get("cislo_zp")
        if _is_id(id_zp) and workflow.info().workflow_id == workflow_id(id_zp):
            self._status.id_zp = id_zp
            fits = isinstance(cislo_zp, str) and len(cislo_zp) <= MAX_CISLO_ZP_CHARS
            self._status.cislo_zp = cislo_zp if fits else None
            users = (fields.get("submitted_by"), fields.get("int_adr"))
            self._user = next((user for user in users if _is_id(user)), None)

    async def _generate_xml(self, report: Report) -> GeneratedXml:
        # A local activity: it takes a millisecond and touches nothing outside the worker.
        document = await workflow.execute_local_activity(
            generate_xml,
            XmlRequest(report=report, submitted_at=workflow.now()),
            schedule_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
        self._status.warnings = document.warnings
        return document

    def _fail(self, error_type: str, message: str) -> None:
        self._status.error = Failure(type=error_type, message=message)
        self._status.phase = Phase.FAILED
        self._status.state = State.REJECTED


def _is_id(value: Any) -> TypeGuard[int]:
    """No other number is anybody's: the portal's table cannot hold it, and would never hear."""
    return type(value) is int and 0 < value <= MAX_INT


def _is_first_run() -> bool:
    """Whether Temporal knew no other run of this report when it took this one.

    The starter says so. A run that comes of a reset has its memo, too, and is none.
    """
    first: bool = workflow.memo_value(MEMO_FIRST_RUN, False, type_hint=bool)
    return first and not _comes_of_a_reset()


def _previous_run() -> str | None:
    """The run that the starter saw before this one, or that this one was reset from."""
    if _comes_of_a_reset():
        return workflow.info().original_execution_run_id
    noted: str | None = workflow.memo_value(MEMO_PREVIOUS_RUN, None, type_hint=str)
    return noted


def _comes_of_a_reset() -> bool:
    info = workflow.info()
    return info.run_id != info.original_execution_run_id
