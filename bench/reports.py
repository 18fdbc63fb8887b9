"""Reports as the portal hands them over: the worked cases of the tests, under ids of their own."""

from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

from tests.support import vectors

FIRST_ID = 1_000_000
_IDS = count(FIRST_ID)


def fresh_reports() -> Iterator[dict[str, Any]]:
    """No two with one id in the life of this process; the same contents in the same order."""
    for case in cycle(vectors()):
        id_zp = next(_IDS)
        ids = {"id_zp": id_zp, "report_id": id_zp, "cislo_zp": f"S/CH/O/{id_zp}"}
        yield case["report"] | ids | {"int_adr": case["report"]["submitted_by"]}
