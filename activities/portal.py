"""record_outcome and notify_portal: the portal hears what became of a report."""

import time
from typing import TYPE_CHECKING

from pydantic_core import to_json
from temporalio import activity

from workflows.activity_contract import OutcomeRecord, Recorded
from workflows.contract import NOTIFY_PORTAL, RECORD_OUTCOME

if TYPE_CHECKING:
    from insyz.store import ReportStore
    from insyz.webhook import OutcomeWebhook


class PortalActivities:
    """The activities and what they need; either way to the portal may be None."""

    def __init__(self, store: "ReportStore | None", webhook: "OutcomeWebhook | None") -> None:
        self._store = store
        self._webhook = webhook

    @activity.defn(name=RECORD_OUTCOME)
    async def record_outcome(self, record: OutcomeRecord) -> Recorded:
        """Writes the outcome into the portal's table. May be repeated: it is written once.

        Fails with StoreError, which another try may mend.
        """
        webhook = self._webhook is not None
        if self._store is None:
            return Recorded(webhook=webhook)
        recorded = await self._store.record(record.outcome())
        if recorded.warning:
            activity.logger.warning(recorded.warning, extra={"id_zp": record.status.id_zp})
        return Recorded(warning=recorded.warning, webhook=webhook, table=recorded.warning is None)

    @activity.defn(name=NOTIFY_PORTAL)
    async def notify_portal(self, record: OutcomeRecord) -> None:
        """Posts the status object to the portal's webhook, under an id that repetitions share.

        Fails with WebhookError, which another try may mend.
        """
        if self._webhook is not None:
            body = to_json(record.status)
            await self._webhook.post(record.run_id, body, timestamp=int(time.time()))
