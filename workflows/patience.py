"""When to try again after INSYZ could not be reached for longer than the quick retries take."""

from datetime import datetime, timedelta

from workflows.activity_contract import DeliveryTerms


class Patience:
    """A schedule that starts with its first delay: doubling delays, up to an end.

    Source: insyz-gateway, "Retry".
    """

    def __init__(self, terms: DeliveryTerms, now: datetime) -> None:
        self._delay = terms.patience_first_secs
        self._max = terms.patience_max_secs
        self._end = now + timedelta(seconds=terms.patience_secs)

    def next_delay(self, now: datetime, *, at_least: float = 0.0) -> float | None:
        """Seconds to the next try, or None when patience is over."""
        if now >= self._end:
            return None
        delay = max(self._delay, at_least)
        self._delay = min(2 * self._delay, self._max)
        return delay
