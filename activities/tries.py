"""What the tries of one activity leave to the next, in the details of their heartbeats.

A try that failed reaches the next one: the SDK sends a heartbeat that waits when an activity fails.
One whose worker was killed may not. So nothing may depend on any of it but what is shown to people,
and whether a question is asked once more than it need be.
"""

from pydantic import TypeAdapter, ValidationError
from temporalio import activity

from workflows.activity_contract import MAX_TRIES, Tried

ASKED = "asked"
_TRIES = TypeAdapter(list[Tried])


class Tries:
    """The tries of the activity that this is called in, up to the one under way."""

    def __init__(self) -> None:
        self._info = activity.info()
        details = self._info.heartbeat_details
        self.asked = self._info.attempt > 1 and ASKED in details
        """Whether this try or one before had its question answered. Told only when the try fails: a
        heartbeat is a write at Temporal's, and a try that goes through has nobody to tell."""
        self.known = _known(details[-1]) if details else []

    def add(self, tried: Tried) -> None:
        self.known = [*self.known, tried][-MAX_TRIES:]

    def tell(self) -> None:
        """Leaves word for the next try."""
        activity.heartbeat(*([ASKED] if self.asked else []), self.known)


def _known(detail: object) -> list[Tried]:
    """An older worker told no tries."""
    try:
        return _TRIES.validate_python(detail)
    except ValidationError:
        return []
