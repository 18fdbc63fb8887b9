"""What Temporal's Web UI and CLI show of a submission without opening a payload."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

with workflow.unsafe.imports_passed_through():
    from insyz.report import Report
    from workflows.contract import Phase, State, Status

ID_ZP = SearchAttributeKey.for_int("InsyzIdZp")
CISLO_ZP = SearchAttributeKey.for_keyword("InsyzCisloZp")
STATE = SearchAttributeKey.for_keyword("InsyzState")
PHASE = SearchAttributeKey.for_keyword("InsyzPhase")
ERROR_TYPE = SearchAttributeKey.for_keyword("InsyzErrorType")
SUBMITTED_BY = SearchAttributeKey.for_int("InsyzSubmittedBy")
TRIES = SearchAttributeKey.for_int("InsyzTries")
NEXT_TRY = SearchAttributeKey.for_datetime("InsyzNextTry")
"""When it goes on; of use in the phases `settling` and `waiting` only. In whole seconds: SQLite's
versions round fractions differently, and the embedded server has an index over what they make of
it, which a backup made by another version would spoil."""

ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    ID_ZP,
    CISLO_ZP,
    STATE,
    PHASE,
    ERROR_TYPE,
    SUBMITTED_BY,
    TRIES,
    NEXT_TRY,
)
"""All that `insyz setup` registers with the server."""

WHAT_TO_DO = {
    Phase.SETTLING: "An answer was lost. INSYZ is asked as soon as it can no longer be at it. "
    "Nothing to do.",
    Phase.WAITING: "INSYZ cannot be reached. To try at once: `insyz retry {id_zp}`, or send the "
    "signal `retry`.",
    Phase.NEEDS_DECISION: "Look into INSYZ whether the report is there, then decide: "
    '`insyz resolve {id_zp} submitted|resend|reject --by "…" --why "…"`, or execute the update '
    "`resolve`.",
    Phase.RECORDING: "INSYZ's verdict is known, the portal is not told yet. Is its database (or "
    "webhook) up?",
    Phase.FAILED: "After the cause is mended: `insyz failed retry …` starts anew.",
}


def summary_of(report: Report, *, named: bool = True) -> str:
    """The line in the list of workflows: `S/BN/O/26012 · J. Novák`, or only the order's number."""
    if not named:
        return report.cislo_zp
    leaders = [one for one in report.znackari if one.get("Je_Vedouci")] or report.znackari
    names = str(leaders[0].get("Znackar") or "").split() if leaders else []
    who = f"{names[0][0]}. {names[-1]}" if len(names) > 1 else "".join(names)
    return " · ".join(filter(None, [report.cislo_zp, who]))


def attributes_at_start(report: Report, now: datetime) -> TypedSearchAttributes:
    """What a starter sets, so that the run need not."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(ID_ZP, report.id_zp),
            SearchAttributePair(CISLO_ZP, report.cislo_zp),
            SearchAttributePair(STATE, State.SEND.value),
            SearchAttributePair(PHASE, Phase.SENDING.value),
            SearchAttributePair(SUBMITTED_BY, report.submitter),
            SearchAttributePair(TRIES, 0),
            SearchAttributePair(NEXT_TRY, _whole_seconds(now)),
        ]
    )


class Display:
    """Keeps what is shown of a run current.

    Only what the run was started with is ever set: the server may not know the rest, and a workflow
    task that sets an unknown search attribute fails for ever.
    """

    def __init__(self) -> None:
        known = workflow.info().typed_search_attributes
        self._indexed = known.get(ID_ZP) is not None
        later: tuple[SearchAttributeKey[Any], ...] = (TRIES, NEXT_TRY)
        since_the_start = [key for key in later if known.get(key) is not None]
        changing = (STATE, PHASE, ERROR_TYPE, *since_the_start)
        self._shown: dict[SearchAttributeKey[Any], Any] = {key: known.get(key) for key in changing}

    def show(self, status: Status) -> None:
        """Publishes `status`; costs an event only where something changed."""
        workflow.set_current_details(details(status))
        if not self._indexed:
            return
        now = {
            STATE: status.state.value,
            PHASE: status.phase.value,
            ERROR_TYPE: status.error.type if status.error else None,
            TRIES: status.attempt,
            NEXT_TRY: _whole_seconds(status.next_try)
            if status.next_try
            else self._shown.get(NEXT_TRY),
        }
        changed = {key: now[key] for key, shown in self._shown.items() if now[key] != shown}
        if changed:
            workflow.upsert_search_attributes([_update(*one) for one in changed.items()])
            self._shown |= changed


def details(status: Status) -> str:
    """A few lines of Markdown: where it is, what it waits for, what an operator can do."""
    lines = [f"**{status.phase}** · state `{status.state}` · tries: {status.attempt}"]
    if status.error:
        lines.append(f"Last: `{status.error.type}` {status.error.message}")
    if status.next_try:
        lines.append(f"Goes on at {status.next_try:%Y-%m-%d %H:%M:%S} UTC")
    if status.decision:
        lines.append(f"Decided by {status.decision.by}: {status.decision.decision}")
    if status.phase in WHAT_TO_DO:
        lines.append(WHAT_TO_DO[status.phase].format(id_zp=status.id_zp))
    return "\n\n".join(lines)


def _whole_seconds(moment: datetime) -> datetime:
    """Not before `moment`."""
    return (moment + timedelta(microseconds=999_999)).replace(microsecond=0)


def _update(key: SearchAttributeKey[Any], value: Any) -> SearchAttributeUpdate[Any]:
    return key.value_unset() if value is None else key.value_set(value)
