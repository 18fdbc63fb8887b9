"""The names and descriptions of our own metrics; Temporal's (`temporal_…`) stand beside them.

One name with two descriptions would be two series with the same labels. Prometheus sees a counter's
name with `_total` and a histogram's with `_seconds` at its end.
"""

SUBMISSIONS_ENDED = "insyz_submissions_ended"
"""Counter of runs that came to their end; labels `state`, `phase`, `error_type`."""
TIME_TO_SUBMIT = "insyz_time_to_submit"
"""Histogram: from a run's start until INSYZ has the report and the portal was told."""
UNKNOWN_OUTCOMES = "insyz_unknown_outcomes"
"""Counter of tries after which nobody knew whether INSYZ has the report, also of those that died
with their worker."""
TRIES = "insyz_tries"
"""Counter of tries that came to an end in this worker; label `outcome`: `taken`, `found`,
`not_there`, or the name of an error's class."""

DESCRIPTIONS = {
    SUBMISSIONS_ENDED: "Submissions that have ended",
    TIME_TO_SUBMIT: "From the start of a run until INSYZ has the report",
    UNKNOWN_OUTCOMES: "Tries after which nobody knew whether INSYZ has the report",
    TRIES: "Tries to submit a report, by how they ended",
}

OPEN_SUBMISSIONS = "insyz_open_submissions"
OLDEST_OPEN = "insyz_oldest_open_seconds"
OPEN_DECISIONS = "insyz_open_decisions"
STUCK_SUBMISSIONS = "insyz_stuck_submissions"
LIVE_WORKERS = "insyz_live_workers"
TEMPORAL_UP = "insyz_temporal_up"
INSYZ_UP = "insyz_up"
