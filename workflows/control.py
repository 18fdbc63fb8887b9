"""What people ask of a running submission: to try at once, to stop, and what they decide."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.contract import CancelRequest, Decision, Failure

CANCELLED = "SubmissionCancelled"
"""Error type of a report that was cancelled before INSYZ had it."""

RETRY_KEPT = "retry-kept"
"""Patch: runs of before forgot a retry that was asked for while they did not wait."""


class Control:
    """Remembers what was asked until the delivery gets to it."""

    def __init__(self) -> None:
        self.cancellation: Failure | None = None
        self._retry = False
        self._decision: Decision | None = None

    def retry(self) -> None:
        self._retry = True

    def cancel(self, request: CancelRequest) -> None:
        words = f"cancelled by {request.by}" + (f": {request.why}" if request.why else "")
        self.cancellation = self.cancellation or Failure(type=CANCELLED, message=words)

    def decide(self, decision: Decision) -> None:
        self._decision = decision

    async def asked_to_retry(self, seconds: float) -> None:
        """Returns after `seconds`, or earlier when somebody asks to retry or to cancel."""
        self._recall_retry()
        try:
            await workflow.wait_condition(
                lambda: self._retry or self.cancellation is not None,
                timeout=timedelta(seconds=max(seconds, 0.0)),
                timeout_summary="patience: the next try",
            )
        except TimeoutError:
            return
        finally:
            self._retry = False

    async def decided(self, *, or_retried: bool) -> Decision | None:
        """What a person decided; None when a new look-up was asked for instead, if that counts."""
        self._recall_retry()
        self._decision = None
        await workflow.wait_condition(
            lambda: self._decision is not None or (or_retried and self._retry)
        )
        self._retry = False
        return self._decision

    def _recall_retry(self) -> None:
        """One that was asked for during a try ends the wait after it: nobody has to ask twice."""
        if self._retry and not workflow.patched(RETRY_KEPT):
            self._retry = False
