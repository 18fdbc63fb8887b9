"""submit_to_insyz: a document goes to INSYZ."""

import time

from temporalio import activity

from activities.failures import application_error
from insyz.errors import InsyzError, OutcomeUnknownError
from insyz.gateway import Gateway, Receipt, Submission
from workflows.contract import SUBMIT_TO_INSYZ, InsyzRequest, InsyzResult


class SubmitToInsyz:
    """The activity and what it needs."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    @activity.defn(name=SUBMIT_TO_INSYZ)
    async def submit_to_insyz(self, request: InsyzRequest) -> InsyzResult:
        """One try. Fails with the name of one of the domain's errors as type."""
        attempt = activity.info().attempt
        started = time.monotonic()
        try:
            receipt = await self._send(request)
        except InsyzError as error:
            _log(request, started, type(error).__name__, str(error))
            raise application_error(error, attempt=attempt) from error
        _log(request, started, "taken", "INSYZ took the report")
        return InsyzResult(receipt=receipt.data, attempt=attempt)

    async def _send(self, request: InsyzRequest) -> Receipt:
        submission = Submission(key=request.key, xml=request.xml, uzivatel=request.uzivatel)
        try:
            return await self._gateway.submit(submission)
        except InsyzError:
            raise
        except BaseException as error:
            # Cancelled by a shutdown, or a bug of ours: the request may be on its way.
            raise OutcomeUnknownError(f"the try was broken off: {error!r}") from error


def _log(request: InsyzRequest, started: float, outcome: str, message: str) -> None:
    activity.logger.info(
        "%s in %d ms: %s",
        outcome,
        (time.monotonic() - started) * 1000,
        message,
        extra={"action": "submit_to_insyz", "id_zp": request.id_zp},
    )
