"""Counters begin at 0, not with the first thing that is counted.

Prometheus sees a rise only between two values of a series. Of one that appears with its first
unknown outcome, at 1, it would say that nothing has happened.
"""

from temporalio.common import MetricMeter

from insyz.errors import (
    AuthenticationError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from observability.names import DESCRIPTIONS, SUBMISSIONS_ENDED, TRIES, UNKNOWN_OUTCOMES
from workflows.contract import SUBMIT_REPORT, SUBMIT_TO_INSYZ, Phase, State
from workflows.control import CANCELLED

ERRORS = (InsyzUnavailable, AuthenticationError, InvalidReportError, OutcomeUnknownError)
ENDS = [
    (State.SUBMITTED, Phase.TAKEN, ""),
    (State.SUBMITTED, Phase.FOUND, ""),
    *((State.REJECTED, Phase.FAILED, error.__name__) for error in ERRORS),
    (State.REJECTED, Phase.FAILED, CANCELLED),
]
OUTCOMES = ["taken", "found", "not_there", *(error.__name__ for error in ERRORS)]


def start_at_zero(meter: MetricMeter) -> None:
    """`meter`: with the labels `namespace` and `task_queue`, as those of workflows have them."""
    of_workflows = meter.with_additional_attributes({"workflow_type": SUBMIT_REPORT})
    of_workflows.create_counter(UNKNOWN_OUTCOMES, DESCRIPTIONS[UNKNOWN_OUTCOMES]).add(0)
    ended = of_workflows.create_counter(SUBMISSIONS_ENDED, DESCRIPTIONS[SUBMISSIONS_ENDED])
    for state, phase, error_type in ENDS:
        ended.add(0, {"state": state.value, "phase": phase.value, "error_type": error_type})
    of_tries = meter.with_additional_attributes({"activity_type": SUBMIT_TO_INSYZ})
    tries = of_tries.create_counter(TRIES, DESCRIPTIONS[TRIES])
    for outcome in OUTCOMES:
        tries.add(0, {"outcome": outcome})
