"""Delivery: tries until INSYZ has the report, or until it is known that it will not get it.

The one rule: a report is sent only when it is known that INSYZ does not have it. What is known is
kept in `_doubt`: whether a request of ours may still have been taken. Doubt ends when INSYZ is
asked after the settle time, or when a person decides.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.delivery_terms import DeliveryTermsOf
    from activities.submit_to_insyz import SubmitToInsyz
    from insyz.errors import PERMANENT_ERRORS
    from workflows.activity_contract import DeliveryTerms, InsyzRequest, InsyzResult
    from workflows.contract import Failure, Phase, State, Status, Verdict
    from workflows.control import Control
    from workflows.patience import Patience
    from workflows.setback import Setback
    from workflows.timing import timing
    from workflows.visibility import Display

TRY_DIED = "TemporalTimeout:StartToClose"
"""Temporal's own name for a try that nobody reported back. Whether it sent anything is not known,
so the retry policy must not repeat it like one that is known to have failed."""

NEVER_REPEATED = [*(error.__name__ for error in PERMANENT_ERRORS), TRY_DIED]
QUICK_TRIES = 4
"""The first try and three quick retries (insyz-gateway, "Retry")."""
QUICK_DOUBTS = 3
"""So many unknown outcomes are followed up at once; after these with patience, like an outage."""


class Delivery:
    """One run's delivery of `request`; it keeps `status` current and shown, and obeys `control`."""

    def __init__(
        self, request: InsyzRequest, status: Status, control: Control, display: Display
    ) -> None:
        self._request = request
        self._status = status
        self._control = control
        self._display = display
        self._doubt = False
        self._doubts = 0
        self._decided_to_send = False
        self._patience: Patience | None = None
        self._tries_per_round = QUICK_TRIES
        self._given_up: Failure | None = None

    async def run(self) -> None:
        """Returns when the report's state is no longer `send`."""
        while self._status.state is State.SEND:
            ending = self._control.cancellation or self._given_up
            if ending and not self._doubt:
                self._reject(ending)
            else:
                await self._round(send=ending is None)

    async def _round(self, *, send: bool) -> None:
        try:
            result = await self._try(send=send)
        except ActivityError as error:
            await self._follow_up(Setback.behind(error))
        else:
            self._conclude(result)

    async def _try(self, *, send: bool) -> InsyzResult:
        self._enter(Phase.SENDING)
        return await workflow.execute_activity_method(
            SubmitToInsyz.submit_to_insyz,
            self._request.model_copy(update={"send": send, "decided": self._decided_to_send}),
            activity_id="submit",
            summary=f"{self._status.cislo_zp}: ask INSYZ" + (", then send" if send else ""),
            start_to_close_timeout=timedelta(seconds=timing().try_secs),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=timing().retry_first_secs),
                backoff_coefficient=2,
                maximum_attempts=self._tries_per_round,
                non_retryable_error_types=NEVER_REPEATED,
            ),
        )

    def _conclude(self, result: InsyzResult) -> None:
        self._status.attempt += result.attempt
        self._doubt = False
        if result.receipt is not None:
            self._accept(Phase.FOUND if result.found else Phase.TAKEN, result.receipt)

    async def _follow_up(self, setback: Setback) -> None:
        """After a failed try: what is known now, and what has to happen before the next one."""
        self._status.attempt += setback.attempt
        self._status.error = setback.failure
        self._doubt = setback.doubt_after(self._doubt)
        self._decided_to_send = self._decided_to_send and not self._doubt
        if not self._doubt and setback.permanent:
            self._reject(setback.failure)
            return
        terms = await self._terms()
        if not self._doubt:
            await self._be_patient(setback, terms)
        elif setback.unanswerable or not (terms.can_ask or terms.can_repeat):
            await self._ask_a_person(terms)
        elif setback.permanent:
            # Refused now, but an earlier request may have been taken: that comes first.
            self._given_up = setback.failure
            await self._settle(terms.settle_secs)
        elif setback.unknown and self._doubts < QUICK_DOUBTS:
            await self._settle(self._until_asked_again(setback, terms))
            self._doubts += 1
        else:
            await self._be_patient(setback, terms)

    def _until_asked_again(self, setback: Setback, terms: DeliveryTerms) -> float:
        """Seconds until a look-up counts; where sending again does no harm, a quick retry's."""
        quick = timing().retry_first_secs * 2**self._doubts
        return max(setback.retry_after or 0.0, quick if terms.can_repeat else terms.settle_secs)

    async def _be_patient(self, setback: Setback, terms: DeliveryTerms) -> None:
        settle = terms.settle_secs if self._doubt else 0.0
        now = workflow.now()
        self._patience = self._patience or Patience(terms, now)
        delay = self._patience.next_delay(now, at_least=max(settle, setback.retry_after or 0.0))
        self._tries_per_round = 1
        await self._settle(settle)
        if delay is not None:
            await self._wait(delay - settle)
        elif self._given_up:
            await self._ask_a_person(terms)
        else:
            self._given_up = setback.failure

    async def _settle(self, seconds: float) -> None:
        """Durable, and cut short by nobody: before its end a look-up proves nothing."""
        if seconds > 0:
            self._enter(Phase.SETTLING, in_seconds=seconds)
            await workflow.sleep(timedelta(seconds=seconds), summary="settle time")

    async def _wait(self, seconds: float) -> None:
        self._enter(Phase.WAITING, in_seconds=seconds)
        await self._control.asked_to_retry(seconds)

    async def _ask_a_person(self, terms: DeliveryTerms) -> None:
        """Until somebody decides, or asks for one more look-up where there is one."""
        self._enter(Phase.NEEDS_DECISION)
        decision = await self._control.decided(or_retried=terms.can_ask)
        if decision is None:
            return
        self._status.decision = decision
        if decision.decision is Verdict.SUBMITTED:
            self._accept(Phase.TAKEN, {"receipt": decision.receipt, "decided_by": decision.by})
        elif decision.decision is Verdict.REJECT:
            words = f"decided by {decision.by}: {decision.why}"
            self._reject(Failure(type="RejectedByDecision", message=words))
        else:
            self._doubt = False
            self._decided_to_send = True

    async def _terms(self) -> DeliveryTerms:
        """Asked for anew at each setback: the worker may have been configured better since."""
        return await workflow.execute_local_activity_method(
            DeliveryTermsOf.delivery_terms,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )

    def _enter(self, phase: Phase, *, in_seconds: float | None = None) -> None:
        self._status.phase = phase
        self._status.next_try = (
            None if in_seconds is None else workflow.now() + timedelta(seconds=in_seconds)
        )
        self._display.show(self._status)

    def _accept(self, phase: Phase, receipt: dict[str, Any]) -> None:
        self._status.phase = phase
        self._status.state = State.SUBMITTED
        self._status.receipt = receipt
        self._status.error = None
        self._status.next_try = None

    def _reject(self, failure: Failure) -> None:
        self._status.phase = Phase.FAILED
        self._status.state = State.REJECTED
        self._status.error = failure
        self._status.next_try = None
