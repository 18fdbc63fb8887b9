"""Rows and outcomes for the tests of the store."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from insyz.outcome import Outcome

NOW = datetime(2026, 6, 21, 8, 30, 15, 250_000, tzinfo=UTC)
_IDS = count(70_000)


def a_row(**columns: Any) -> dict[str, Any]:
    """A report in `send` as the portal keeps it, on a work order of its own."""
    id_ = next(_IDS)
    return {
        "id": id_,
        "id_zp": id_,
        "cislo_zp": f"S/BN/O/{id_}",
        "int_adr": 1955,
        "znackari": [{"Znackar": "Jan Novák", "INT_ADR": 1955}],
        "data_a": {"Datum_Provedeni": "2026-06-20"},
        "data_b": {"Koment_Usek": "Vyměněna směrovka → Říčany."},
        "calculation": {"1955": {"INT_ADR": 1955, "Celkem_Kc": 170.5}},
        "state": "send",
        "history": [],
    } | columns


def an_outcome(id_zp: int, **changes: Any) -> Outcome:
    given: dict[str, Any] = {
        "id_zp": id_zp,
        "state": "submitted",
        "user": 4133,
        "submission_key": f"zp-{id_zp}-1f",
        "run_id": "run-1",
        "at": NOW,
        "attempt": 2,
        "receipt": {"číslo": "P-7"},
    }
    return Outcome(**(given | changes))
