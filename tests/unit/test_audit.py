"""The audit log: a record for every request to INSYZ, however it ends."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from insyz.audit import audited
from insyz.errors import InsyzError
from insyz.gateway import Gateway, Submission
from insyz.http_gateway import HttpGateway
from insyz.watched import on_behalf_of
from simulator.faults import fault
from simulator.server import Simulator
from tests.conftest import TOKEN

XML = '<ZP id_zp="53773" cislo_zp="S/BN/O/26012"><Koment>Šumava</Koment></ZP>'
SUBMISSION = Submission(key="zp-53773-1", xml=XML, uzivatel="1955")


@pytest.fixture
async def gateway(insyz: Simulator) -> AsyncIterator[Gateway]:
    async with HttpGateway(insyz.url, SecretStr(TOKEN), request_secs=0.5) as gateway:
        yield audited(gateway)


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="insyz.audit")
    return caplog


def fields(audit: pytest.LogCaptureFixture) -> dict[str, Any]:
    """What the only record of the audit log says."""
    (record,) = [record for record in audit.records if record.name == "insyz.audit"]
    assert "Šumava" not in str(record.__dict__)
    assert TOKEN not in str(record.__dict__)
    return dict(record.__dict__)


async def test_a_submission_is_on_record_with_all_but_its_content(
    gateway: Gateway, audit: pytest.LogCaptureFixture
) -> None:
    with on_behalf_of(53773, "1955"):
        await gateway.submit(SUBMISSION)
    said = fields(audit)
    assert said["duration_ms"] >= 0
    assert {name: said[name] for name in ("action", "operation", "key", "id_zp")} == {
        "action": "insyz_request",
        "operation": "submit",
        "key": "zp-53773-1",
        "id_zp": 53773,
    }
    assert (said["uzivatel"], said["outcome"]) == ("1955", "taken")
    assert said["document_bytes"] == len(XML.encode()) > len(XML)


@pytest.mark.parametrize("there", [False, True])
async def test_a_look_up_is_on_record_with_what_it_found_and_for_whom(
    gateway: Gateway, audit: pytest.LogCaptureFixture, there: bool
) -> None:
    if there:
        await gateway.submit(SUBMISSION)
        audit.clear()
    with on_behalf_of(53773, "1955"):
        await gateway.find("zp-53773-1")
    said = fields(audit)
    assert (said["operation"], said["id_zp"], said["uzivatel"]) == ("find", 53773, "1955")
    assert said["outcome"] == ("found" if there else "not there")
    assert "document_bytes" not in said


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (fault("status", code=422, message="Šumava"), "InvalidReportError"),
        (fault("status", code=401), "AuthenticationError"),
        (fault("unavailable", retry_after=0), "InsyzUnavailable"),
        ("reset_after", "OutcomeUnknownError"),
        (fault("stall_before", seconds=0.8), "OutcomeUnknownError"),
    ],
)
async def test_a_failed_request_is_on_record_with_the_class_of_its_error(
    insyz: Simulator, gateway: Gateway, audit: pytest.LogCaptureFixture, answer: Any, outcome: str
) -> None:
    insyz.script("*", answer)
    with suppress(InsyzError):
        await gateway.submit(SUBMISSION)
    assert fields(audit)["outcome"] == outcome


async def test_a_request_that_was_cut_off_is_on_record(
    insyz: Simulator, gateway: Gateway, audit: pytest.LogCaptureFixture
) -> None:
    insyz.script("*", fault("stall_before", seconds=0.4))
    with suppress(TimeoutError):
        await asyncio.wait_for(gateway.submit(SUBMISSION), 0.1)
    said = fields(audit)
    assert said["outcome"] == "CancelledError"
    assert said["duration_ms"] >= 90


async def test_a_request_that_met_a_bug_is_on_record(audit: pytest.LogCaptureFixture) -> None:
    def broken() -> dict[str, str]:
        raise ZeroDivisionError

    async with HttpGateway("http://127.0.0.1:1", SecretStr(TOKEN), headers=broken) as gateway:
        with suppress(ZeroDivisionError):
            await audited(gateway).submit(SUBMISSION)
    assert fields(audit)["outcome"] == "ZeroDivisionError"


async def test_a_health_check_is_about_no_report(
    gateway: Gateway, audit: pytest.LogCaptureFixture
) -> None:
    await gateway.health()
    assert not audit.records


PROGRAM = """
import asyncio, sys
from pydantic import SecretStr
from insyz.audit import audited
from insyz.errors import InsyzUnavailable
from insyz.gateway import Submission
from insyz.http_gateway import HttpGateway
from insyz.logs import set_up_logging
from insyz.watched import on_behalf_of

async def main():
    async with HttpGateway("http://127.0.0.1:1", SecretStr("12345678")) as gateway:
        with on_behalf_of(53773, "1955"):
            try:
                await audited(gateway).submit(Submission("zp-53773-1", "<ZP/>", "1955"))
            except InsyzUnavailable:
                pass

set_up_logging(sys.argv[1], "ERROR")
asyncio.run(main())
"""


def logged(log_format: str) -> str:
    program = [sys.executable, "-c", PROGRAM, log_format]
    (line,) = subprocess.run(
        program, capture_output=True, text=True, check=True, timeout=60
    ).stderr.splitlines()
    return line


def test_all_of_it_is_in_a_text_log_whatever_its_level() -> None:
    line = logged("text")
    assert "request to INSYZ action=insyz_request operation=submit id_zp=53773" in line
    assert "key=zp-53773-1 uzivatel=1955 outcome=InsyzUnavailable duration_ms=" in line
    assert line.endswith("document_bytes=5")


def test_all_of_it_is_in_a_json_log_whatever_its_level() -> None:
    record = json.loads(logged("json"))
    assert record["logger"] == "insyz.audit"
    assert record["time"]
    assert record.keys() >= {"action", "operation", "key", "id_zp", "uzivatel", "outcome"}
    assert record["document_bytes"] == 5
    assert record["duration_ms"] >= 0
