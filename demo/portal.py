"""The portal of the demo: a SQLite file with the portal's tables, and reports in it."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

COLUMNS = ("id_zp", "cislo_zp", "int_adr", "znackari", "data_a", "data_b", "calculation")


def database_url(file: Path) -> str:
    return f"sqlite:///{file}"


def add_report(file: Path, report: dict[str, Any]) -> int:
    """A marker has filled in `report` and pressed the button; its id in the portal's table."""
    values = [_column(report[name]) for name in COLUMNS]
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    with closing(sqlite3.connect(file)) as portal, portal:
        for attachment in report["attachments"]:
            portal.execute(
                "INSERT INTO file_attachments (id, original_name, mime_type, size, public_url)"
                " VALUES (?, ?, ?, ?, ?)",
                [attachment[name] for name in ("id", "fileName", "fileType", "fileSize", "url")],
            )
        portal.execute(
            f"INSERT INTO reports (id, {', '.join(COLUMNS)}, state, history, date_created)"  # noqa: S608 (constants)
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'send', '[]', ?)",
            [report["report_id"], *values, now],
        )
    report_id: int = report["report_id"]
    return report_id


def state_of(file: Path, id_zp: int) -> str:
    """What the portal shows of the report."""
    with closing(sqlite3.connect(file)) as portal:
        row = portal.execute("SELECT state FROM reports WHERE id_zp = ?", [id_zp]).fetchone()
    return str(row[0])


def _column(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
