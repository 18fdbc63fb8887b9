"""Small valid reports, the same ones for the same seed."""

from random import Random
from typing import Any

FIRST_ID = 100_000
"""Ids of one seed start at its multiple, so that a log line tells its run."""

NAMES = ("Jan Novák", "Žofie Kůrková", "Břetislav Říha", "Eliška Šťastná", "Ctibor Ďuriš")
WORKS = ("Vyměněna směrovka.", "Obnoveno 3 km značení.", "Nový sloupek u přístřešku – žlutá.")


def make_reports(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` reports of different owners, markers and amounts."""
    random = Random(seed)  # noqa: S311 (repeatable, not secret)
    return [_report(seed * FIRST_ID + number, random) for number in range(1, count + 1)]


def _report(id_zp: int, random: Random) -> dict[str, Any]:
    markers = random.sample(range(1_000, 9_999), k=random.randint(1, 3))
    return {
        "report_id": id_zp,
        "id_zp": id_zp,
        "cislo_zp": f"S/CH/O/{id_zp}",
        "int_adr": markers[0],
        "submitted_by": random.choice(markers),
        "znackari": [_marker(place, int_adr, random) for place, int_adr in enumerate(markers)],
        "data_a": {"Datum_Provedeni": f"2026-0{random.randint(4, 9)}-{random.randint(10, 28)}"},
        "data_b": {"Koment_Usek": random.choice(WORKS)},
        "calculation": {str(int_adr): _pay(int_adr, random) for int_adr in markers},
        "attachments": [],
    }


def _marker(place: int, int_adr: int, random: Random) -> dict[str, Any]:
    return {
        "index": place + 1,
        "Znackar": random.choice(NAMES),
        "INT_ADR": int_adr,
        "Je_Vedouci": place == 0,
    }


def _pay(int_adr: int, random: Random) -> dict[str, Any]:
    return {"INT_ADR": int_adr, "Celkem_Kc": random.randint(100, 4_000) / 2}
