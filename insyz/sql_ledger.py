"""Strategy `ledger`: a wrapper procedure writes the key and the report in one transaction.

The key is booked beside the report, so INSYZ can be asked by it, and a key that is booked is never
written again. Each question opens a new round of its key; a request that belongs to an earlier
round, still queued somewhere, can then no longer be taken (51002). That makes "not there" final at
once. The procedures: deploy/sqlserver/podani.sql.
"""

from collections.abc import Sequence
from typing import TypeGuard

from insyz.errors import InsyzUnavailable
from insyz.gateway import Delivery, Receipt, Submission
from insyz.sql_answers import BrokenError, Phase
from insyz.sql_driver import Row
from insyz.sql_session import SqlSession

STATE = "EXEC trasy.ZP_Podani_Stav @Klic = %(klic)s"
WRITE = (
    "EXEC trasy.ZP_Podani_Zapis @Klic = %(klic)s, @Kolo = %(kolo)s, "
    "@Data_XML = %(xml)s, @Uzivatel = %(uzivatel)s"
)
WRITTEN, AT_WORK, NOT_THERE = "Z", "B", "N"


class Ledger:
    """A look-up counts at once: `settle_secs` is 0."""

    delivery = Delivery.LOOKUP
    settle_secs = 0.0
    procedures: Sequence[str] = ("trasy.ZP_Podani_Zapis", "trasy.ZP_Podani_Stav")

    async def submit(self, session: SqlSession, submission: Submission) -> Receipt:
        state = await _new_round(session, submission.key)
        if state["Stav"] == WRITTEN:
            return _receipt(submission.key, state)
        parameters = {
            "klic": submission.key,
            "kolo": state["Kolo"],
            "xml": submission.xml,
            "uzivatel": submission.uzivatel,
        }
        booked = await session.run(Phase.DECISIVE, WRITE, parameters)
        if booked is None or booked.get("Kdy") is None:
            raise BrokenError("a reply that holds no verdict")
        return _receipt(submission.key, booked)

    async def find(self, session: SqlSession, key: str) -> Receipt | None:
        state = await _new_round(session, key)
        return _receipt(key, state) if state["Stav"] == WRITTEN else None


async def _new_round(session: SqlSession, key: str) -> Row:
    """The key's state; unless it is written, requests of earlier rounds are now too late."""
    state = await session.run(Phase.ASKING, STATE, {"klic": key})
    if not _is_state(state):
        raise BrokenError("trasy.ZP_Podani_Stav answered something else than a state")
    if state["Stav"] == AT_WORK:
        raise InsyzUnavailable("INSYZ is still at work on an earlier try of the same report")
    return state


def _is_state(row: Row | None) -> TypeGuard[Row]:
    if row is None or row.get("Stav") not in {WRITTEN, AT_WORK, NOT_THERE}:
        return False
    needed = {WRITTEN: "Kdy", NOT_THERE: "Kolo"}.get(row["Stav"])
    return needed is None or row.get(needed) is not None


def _receipt(key: str, booked: Row) -> Receipt:
    return Receipt({"key": key, "submitted_at": f"{booked['Kdy'].isoformat()}Z"})
