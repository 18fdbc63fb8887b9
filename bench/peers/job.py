"""The job that all of them do: a report made into XML and posted to INSYZ.

What an answer means is told by `insyz.answers`, so that no tool is worse off for misreading one.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from insyz.answers import Answer, submission_receipt
from insyz.document import build_xml
from insyz.report import Report, submission_key

TRIES = 8
"""More than enough: with two submissions in five going wrong, one report in 1,500 uses them up."""
FIRST_RETRY_SECS = 1
MAX_RETRY_SECS = 4
AT_ONCE = 8
"""Jobs at a time in one worker."""


def retry_pause(earlier_retries: int) -> int:
    """Seconds before the next try, for a tool that has to be told: 1, 2, 4, 4, …"""
    return min(FIRST_RETRY_SECS << earlier_retries, MAX_RETRY_SECS)


def handed_in(report: Mapping[str, Any]) -> dict[str, Any]:
    """The job's argument. The moment is part of it: each try has to send the same document."""
    return {"report": report, "submitted_at": datetime.now(UTC).isoformat()}


def deliver(given: Mapping[str, Any]) -> dict[str, Any]:
    """INSYZ's receipt for what was `handed_in`. Raises InsyzError or httpx.HTTPError."""
    report = Report.parse(given["report"])
    document = build_xml(report, submitted_at=datetime.fromisoformat(given["submitted_at"]))
    key = submission_key(report)
    response = _http().post(
        "/api/insyz/submit-report",
        headers={"Idempotency-Key": f'"{key}"'},
        json={"xml_data": document.xml, "uzivatel": str(report.owner)},
    )
    headers = {name.lower(): value for name, value in response.headers.items()}
    return submission_receipt(Answer(response.status_code, headers, response.content), key).data


@cache
def _http() -> httpx.Client:
    """One for each process; made at the first job, which is after a worker has forked."""
    return httpx.Client(
        base_url=os.environ["INSYZ_URL"],
        headers={"Authorization": f"Bearer {os.environ['INSYZ_TOKEN']}"},
        timeout=float(os.environ.get("INSYZ_REQUEST_SECS", "30")),
        trust_env=False,
    )
