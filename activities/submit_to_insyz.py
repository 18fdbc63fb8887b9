"""submit_to_insyz: a document goes to INSYZ, unless INSYZ has it already.

Safety does not rest on exceptions, because a killed worker raises none. It rests on asking INSYZ
before every send, and on the workflow, which runs this only after the settle time.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import WorkflowExecution

from activities.earlier_runs import (
    earlier_runs,
    has_submitted,
    last_broken_off,
    seconds_left,
)
from activities.failures import application_error, failed_try
from activities.tries import Tries
from insyz.errors import (
    AuthenticationError,
    InsyzError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.gateway import Delivery, Gateway, Receipt, Submission
from insyz.watched import on_behalf_of
from workflows.activity_contract import MAX_TRIED_CHARS, InsyzRequest, InsyzResult, Stage, Tried
from workflows.contract import SUBMIT_TO_INSYZ


class SubmitToInsyz:
    """The activity and what it needs; `request_secs` bounds one request of `gateway`."""

    def __init__(self, gateway: Gateway, *, request_secs: float) -> None:
        self._gateway = gateway
        self._request_secs = request_secs

    @activity.defn(name=SUBMIT_TO_INSYZ)
    async def submit_to_insyz(self, request: InsyzRequest) -> InsyzResult:
        """One try. Fails with the name of one of the domain's errors as type."""
        with on_behalf_of(request.id_zp, request.uzivatel):
            return await _Try(self._gateway, request, self._request_secs).run()


class _Try:
    """One try: what it has found out so far says what its failure means."""

    def __init__(self, gateway: Gateway, request: InsyzRequest, request_secs: float) -> None:
        self._gateway = gateway
        self._request = request
        self._request_secs = request_secs
        self._info = activity.info()
        self._started = time.monotonic()
        self._stage = Stage.ASK
        self._tries = Tries()
        # Told by the try before this one. When it got lost, INSYZ is simply asked once more.
        self._asked = self._tries.asked

    async def run(self) -> InsyzResult:
        attempt = self._info.attempt
        try:
            receipt, found = await self._find_or_send()
        except InsyzError as error:
            tries = self._ended(type(error).__name__, str(error))
            self._tries.tell()
            failed = failed_try(
                error, attempt=attempt, stage=self._stage, asked=self._asked, tries=tries
            )
            raise application_error(error, failed) from error
        tries = self._ended("found" if found else "taken" if receipt else "not there")
        return InsyzResult(
            receipt=receipt.data if receipt else None, found=found, attempt=attempt, tries=tries
        )

    async def _find_or_send(self) -> tuple[Receipt | None, bool]:
        if found := await self._find():
            return found, True
        if not self._request.send:
            return None, False
        self._stage = Stage.SEND
        self._check_that_there_is_time()
        return await self._send()

    async def _find(self) -> Receipt | None:
        """What INSYZ has already. Not asked where the answer is known or makes no difference."""
        repeatable = self._gateway.delivery is Delivery.IDEMPOTENT
        if self._asked or (repeatable and self._request.send):
            return None
        try:
            found = await self._ask()
        except InsyzError:
            if self._request.decided:
                return None
            raise
        if not found:
            self._asked = self._gateway.delivery is Delivery.LOOKUP
            self._tries.asked = True
        return found

    async def _ask(self) -> Receipt | None:
        """Raises OutcomeUnknownError while a run that was broken off may still be sending."""
        asks = self._gateway.delivery is not Delivery.BLIND
        looking_up = self._look_up() if asks else _nothing()
        found, runs = await asyncio.gather(looking_up, self._earlier_runs())
        broken_off = last_broken_off(runs)
        if found or self._request.decided:
            return found
        if not asks and (broken_off or await has_submitted(runs, self._request.key)):
            raise OutcomeUnknownError("an earlier run may have sent the report")
        # What a run that was broken off may still have been allowed to do, and the settle time.
        quiet = self._try_secs + self._gateway.settle_secs
        if asks and broken_off and (left := seconds_left(broken_off, quiet)):
            raise OutcomeUnknownError(
                "an earlier run was broken off a moment ago and may still be sending the report",
                retry_after=left,
            )
        return None

    async def _earlier_runs(self) -> list[WorkflowExecution]:
        return [] if self._request.first_run else await earlier_runs(self._request.previous_run)

    async def _look_up(self) -> Receipt | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._time_to_send_at):
                return await self._gateway.find(self._request.key)
        raise InsyzUnavailable("the look-up took too long")

    async def _send(self) -> tuple[Receipt, bool]:
        request = self._request
        submission = Submission(key=request.key, xml=request.xml, uzivatel=request.uzivatel)
        try:
            return await self._gateway.submit(submission), False
        except (AuthenticationError, InvalidReportError) as refusal:
            # Where INSYZ is not asked before a send, a refusal does not say what came before it.
            if self._gateway.delivery is Delivery.IDEMPOTENT and (
                found := await self._taken_before(refusal)
            ):
                return found, True
            raise
        except InsyzError:
            raise
        except BaseException as error:
            # Cancelled by a shutdown, or a bug of ours: the request may be on its way.
            raise OutcomeUnknownError(f"the try was broken off: {error!r}") from error

    async def _taken_before(self, refusal: InsyzError) -> Receipt | None:
        """What an earlier run left at a gateway that deduplicates.

        Such a gateway takes the same content, sent at another moment, for another document under
        the same key, and refuses it: no reason to reject the report. Raises OutcomeUnknownError
        while it cannot be told.
        """
        broken_off = last_broken_off(await self._earlier_runs())
        if broken_off is None and isinstance(refusal, AuthenticationError):
            return None
        try:
            return await self._ask()
        except OutcomeUnknownError as doubt:
            if broken_off is None and doubt.retry_after is None:
                return None  # it has no look-up, and nothing speaks against the refusal
            raise
        except (AuthenticationError, InsyzUnavailable) as error:
            raise OutcomeUnknownError(f"{refusal}; and the look-up failed: {error}") from error

    @property
    def _try_secs(self) -> float:
        limit = self._info.start_to_close_timeout
        assert limit is not None  # noqa: S101 (the workflow always sets it)
        return limit.total_seconds()

    @property
    def _time_to_send_at(self) -> float:
        """Seconds into the try after which nothing is sent any more: a send that begins then is
        over, with a tenth to spare, before Temporal may begin another try."""
        return 0.9 * self._try_secs - self._request_secs

    def _check_that_there_is_time(self) -> None:
        """By this process's clock and by Temporal's, which also sees a frozen worker's delay."""
        by_temporal = (datetime.now(UTC) - self._info.started_time).total_seconds()
        spent = max(time.monotonic() - self._started, by_temporal)
        if spent > self._time_to_send_at:
            raise InsyzUnavailable(
                f"{spent:.0f} s into the try it is too late to send, by Temporal's clock "
                "(a slow look-up, a worker that was frozen, or clocks that differ)"
            )

    def _ended(self, outcome: str, message: str = "") -> list[Tried]:
        """Logs the end of this try; all tries so far, this one among them."""
        duration_ms = round((time.monotonic() - self._started) * 1000)
        activity.logger.info(
            "%s in %d ms%s",
            outcome,
            duration_ms,
            f": {message}" if message else "",
            extra={"action": "submit_to_insyz", "id_zp": self._request.id_zp},
        )
        self._tries.add(
            Tried(
                attempt=self._info.attempt,
                stage=self._stage,
                outcome=outcome,
                at=self._info.started_time,
                duration_ms=duration_ms,
                message=message[:MAX_TRIED_CHARS],
            )
        )
        return self._tries.known


async def _nothing() -> None:
    return None
