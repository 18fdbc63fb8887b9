"""delivery_terms: what this worker's gateway and settings say about trying again."""

from temporalio import activity

from insyz.gateway import Delivery, Gateway
from workflows.activity_contract import DeliveryTerms
from workflows.contract import DELIVERY_TERMS


class DeliveryTermsOf:
    """The activity and what it needs; patience in seconds, as in contract.DeliveryTerms."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        patience_first_secs: float,
        patience_max_secs: float,
        patience_secs: float,
    ) -> None:
        self._terms = DeliveryTerms(
            can_repeat=gateway.delivery is Delivery.IDEMPOTENT,
            can_ask=gateway.delivery is not Delivery.BLIND,
            settle_secs=gateway.settle_secs,
            patience_first_secs=patience_first_secs,
            patience_max_secs=patience_max_secs,
            patience_secs=patience_secs,
        )

    @activity.defn(name=DELIVERY_TERMS)
    async def delivery_terms(self) -> DeliveryTerms:
        """Recorded in the history, so that a run decides by what it was once told."""
        return self._terms
