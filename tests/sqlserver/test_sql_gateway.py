"""The SQL transport over a real socket: deadlines, TLS, look-ups, what is let in."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from insyz.errors import (
    AuthenticationError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.gateway import Delivery
from insyz.sql_gateway import SqlGateway
from insyz.sql_strategy import SqlStrategy
from simulator.order import Target
from simulator.tds.server import TdsSimulator
from simulator.tds.statements import PROCEDURES
from tests.sqlserver.conftest import Authority, make_authority
from tests.sqlserver.support import (
    DETAIL,
    LATE_SECS,
    PASSWORD,
    REQUEST_SECS,
    SUBMISSION,
    a_gateway,
    cancelled,
    idle,
)
from tests.support import eventually, free_port

EXECUTE_ONLY = SqlStrategy.EXECUTE_ONLY


@pytest.fixture
async def gateway(server: TdsSimulator) -> AsyncIterator[SqlGateway]:
    async with a_gateway(server.url) as gateway:
        yield gateway


@pytest.fixture
async def execute_only(server: TdsSimulator) -> AsyncIterator[SqlGateway]:
    async with a_gateway(server.url, EXECUTE_ONLY) as gateway:
        yield gateway


def test_each_strategy_says_of_itself_what_the_workflow_may_rely_on() -> None:
    url = "mssql://portal@localhost/INSYZ"
    says = {
        (one.delivery, one.settle_secs)
        for one in (
            a_gateway(url),
            a_gateway(url, EXECUTE_ONLY),
            a_gateway(url, EXECUTE_ONLY, lookup=DETAIL),
        )
    }
    assert says == {(Delivery.LOOKUP, 0.0), (Delivery.BLIND, 1.0), (Delivery.LOOKUP, 1.0)}


@pytest.mark.parametrize("strategy", SqlStrategy)
async def test_a_document_of_a_megabyte_arrives_as_it_was(strategy: SqlStrategy) -> None:
    xml = f'<ZP id_zp="53773" cislo_zp="S/1"><a>{"Žluťoučký kůň, 100 % „“ " * 40_000}</a></ZP>'
    async with (
        TdsSimulator(password=PASSWORD) as server,
        a_gateway(server.url, strategy, request_secs=30) as gateway,
    ):
        await gateway.submit(replace(SUBMISSION, xml=xml))
        (record,) = server.book.submissions()
        assert server.book.xml_of(record) == xml
        assert record.uzivatel == "1955"


async def test_the_ledgers_receipt_says_when_and_the_look_up_says_the_same(
    server: TdsSimulator, gateway: SqlGateway
) -> None:
    assert await gateway.find(SUBMISSION.key) is None
    receipt = await gateway.submit(SUBMISSION)
    (record,) = server.book.submissions()
    assert receipt.data["submitted_at"].startswith(record.submitted_at.removesuffix("+00:00"))
    assert await gateway.find(SUBMISSION.key) == receipt
    assert await gateway.submit(SUBMISSION) == receipt
    assert len(server.book.submissions()) == 1


async def test_a_declaration_of_the_encoding_is_left_out(
    server: TdsSimulator, gateway: SqlGateway
) -> None:
    declared = f'<?xml version="1.0" encoding="UTF-8"?>\n{SUBMISSION.xml}'
    await gateway.submit(replace(SUBMISSION, xml=declared))
    assert server.book.xml_of(server.book.submissions()[0]) == SUBMISSION.xml


@pytest.mark.parametrize(
    ("inside", "number"),
    [("☃", 6355), ("&#9731;", 6355), ("<open>", 9400)],
)
async def test_what_the_real_procedure_refuses_is_an_invalid_report(
    server: TdsSimulator, gateway: SqlGateway, inside: str, number: int
) -> None:
    xml = f'<ZP id_zp="53773" cislo_zp="S/1"><Koment>{inside}</Koment></ZP>'
    with pytest.raises(InvalidReportError, match=f"SQL Server error {number}: "):
        await gateway.submit(replace(SUBMISSION, xml=xml))
    assert not server.book.submissions()


@pytest.mark.parametrize("uzivatel", ["", "1" * 129, "19☃5", "19\n55"])
async def test_a_user_that_does_not_fit_is_refused_before_anything_is_sent(
    server: TdsSimulator, gateway: SqlGateway, uzivatel: str
) -> None:
    with pytest.raises(InvalidReportError, match="@Uzivatel"):
        await gateway.submit(replace(SUBMISSION, uzivatel=uzivatel))
    assert not server.counts


async def test_a_statement_that_is_still_queued_is_too_late_once_the_look_up_has_answered(
    server: TdsSimulator, gateway: SqlGateway
) -> None:
    server.script(53773, f"stall_before:{LATE_SECS}")
    with pytest.raises(OutcomeUnknownError):
        await gateway.submit(SUBMISSION)
    assert server.busy
    assert await gateway.find(SUBMISSION.key) is None
    await idle(server)
    assert not server.book.submissions()


async def test_while_the_statement_is_at_work_the_look_up_says_so(
    server: TdsSimulator, gateway: SqlGateway
) -> None:
    server.script(53773, "slow:2.5")
    with pytest.raises(OutcomeUnknownError):
        await gateway.submit(SUBMISSION)
    with pytest.raises(InsyzUnavailable, match="still at work on an earlier try"):
        await gateway.find(SUBMISSION.key)
    await idle(server)
    assert await gateway.find(SUBMISSION.key) is not None


@pytest.mark.parametrize("target", ["submit", "login"])
async def test_a_reply_that_dribbles_does_not_outlive_the_deadline(
    server: TdsSimulator, gateway: SqlGateway, target: str
) -> None:
    drip = {"fault": "drip", "seconds": 10, "interval": 0.01}
    server.order(target=target, script={"*": [drip]})
    began = time.monotonic()
    with pytest.raises((OutcomeUnknownError, InsyzUnavailable)):
        await gateway.submit(SUBMISSION)
    assert time.monotonic() - began < REQUEST_SECS + 1


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """Accepts connections and says nothing."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_024):
            pass
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield f"mssql://portal@127.0.0.1:{server.sockets[0].getsockname()[1]}/INSYZ"


async def test_a_server_that_stays_mute_was_told_nothing() -> None:
    async with mute_server() as url, a_gateway(url) as gateway:
        with pytest.raises(InsyzUnavailable, match="cannot reach INSYZ: no connection within"):
            await gateway.submit(SUBMISSION)


@pytest.mark.parametrize("host", ["127.0.0.1", "insyz.invalid"])
async def test_a_server_that_is_not_there_was_told_nothing(host: str, tmp_path: Path) -> None:
    async with a_gateway(f"mssql://portal@{host}:{free_port()}/INSYZ") as gateway:
        with pytest.raises(InsyzUnavailable, match="cannot reach INSYZ"):
            await gateway.health()


@pytest.mark.parametrize("strategy", SqlStrategy)
async def test_a_cancelled_submission_takes_its_connection_and_its_work_with_it(
    server: TdsSimulator, strategy: SqlStrategy
) -> None:
    server.script(53773, "stall_heeding:60")
    async with a_gateway(server.url, strategy, request_secs=30) as gateway:
        task = asyncio.create_task(gateway.submit(SUBMISSION))

        async def arrived() -> None:
            assert server.counts[Target.SUBMIT]

        await eventually(arrived)
        await cancelled(task)
        await idle(server)
    assert not server.book.submissions()


async def test_a_cancelled_login_leaves_no_connection_behind(server: TdsSimulator) -> None:
    server.script("*", "stall_heeding:60", target="login")
    async with a_gateway(server.url, request_secs=30) as gateway:
        task = asyncio.create_task(gateway.health())

        async def arrived() -> None:
            assert server.counts[Target.LOGIN]

        await eventually(arrived)
        await cancelled(task)
        await idle(server)


async def test_fifty_at_a_time_are_each_taken_once(server: TdsSimulator) -> None:
    async with a_gateway(server.url, request_secs=60) as gateway:
        many = [
            replace(SUBMISSION, key=f"zp-{n}-0a", xml=f'<ZP id_zp="{n}" cislo_zp="S"/>')
            for n in range(1, 51)
        ]
        await asyncio.gather(*map(gateway.submit, many))
    assert server.book.stats() == {"taken": 50, "reports": 50, "duplicates": {}}


async def test_a_race_under_one_key_is_taken_once(server: TdsSimulator) -> None:
    async with a_gateway(server.url, request_secs=60) as gateway:
        race = [gateway.submit(SUBMISSION) for _ in range(20)]
        said = await asyncio.gather(*race, return_exceptions=True)
    assert len(server.book.submissions()) == 1
    assert {type(one).__name__ for one in said} <= {"Receipt", "InsyzUnavailable"}


async def test_a_wrong_password_and_an_unknown_database_are_for_a_person(
    server: TdsSimulator,
) -> None:
    elsewhere = server.url.replace("/INSYZ", "/JINA")
    for gateway in (a_gateway(server.url, password="wrong-one"), a_gateway(elsewhere)):
        async with gateway:
            with pytest.raises(AuthenticationError, match="SQL Server error 18456"):
                await gateway.submit(SUBMISSION)


async def test_the_password_is_in_no_error_and_no_log(
    server: TdsSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_gateway(server.url.replace("/INSYZ", "/JINA")) as gateway:
        with pytest.raises(AuthenticationError) as refused:
            await gateway.health()
    assert PASSWORD not in repr((caplog.text, gateway, refused.value, refused.value.__cause__))


# TLS


@asynccontextmanager
async def secure(authority: Authority, host: str = "localhost") -> AsyncIterator[TdsSimulator]:
    tls = authority.server_context(host)
    async with TdsSimulator(password=PASSWORD, tls=tls, requires_tls=True) as server:
        yield server


def by_name(server: TdsSimulator) -> str:
    return server.url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("strategy", SqlStrategy)
async def test_a_server_that_its_authority_vouches_for_is_spoken_to_within_tls(
    authority: Authority, strategy: SqlStrategy
) -> None:
    async with secure(authority) as server:
        gateway = a_gateway(by_name(server), strategy, ca_file=authority.ca_file, request_secs=15)
        async with gateway:
            await gateway.submit(
                replace(SUBMISSION, xml=SUBMISSION.xml.replace("kůň", "ů" * 9_000))
            )
        assert len(server.book.submissions()) == 1


async def test_a_deadline_holds_within_tls_too(authority: Authority) -> None:
    async with secure(authority) as server:
        server.script(53773, "drip")
        gateway = a_gateway(by_name(server), ca_file=authority.ca_file, request_secs=1)
        began = time.monotonic()
        async with gateway:
            with pytest.raises(OutcomeUnknownError, match="no answer within 1 s"):
                await gateway.submit(SUBMISSION)
        assert time.monotonic() - began < 3


async def test_a_server_of_another_name_is_not_told_the_password(authority: Authority) -> None:
    async with secure(authority, "insyz.example") as server:
        await refused_before_the_login(server, authority.ca_file)


async def test_a_server_that_another_authority_vouches_for_is_not_told_the_password(
    authority: Authority, tmp_path: Path
) -> None:
    other = make_authority(tmp_path / "other")
    async with secure(other) as server:
        await refused_before_the_login(server, authority.ca_file)


async def test_a_server_that_offers_no_tls_is_not_told_the_password(
    server: TdsSimulator, authority: Authority
) -> None:
    await refused_before_the_login(server, authority.ca_file)


async def test_a_server_that_insists_on_tls_is_not_spoken_to_in_clear(authority: Authority) -> None:
    async with secure(authority) as server:
        await refused_before_the_login(server, None)


async def refused_before_the_login(server: TdsSimulator, ca_file: Path | None) -> None:
    async with a_gateway(by_name(server), ca_file=ca_file, request_secs=15) as gateway:
        with pytest.raises(AuthenticationError, match=r"^TLS: "):
            await gateway.submit(SUBMISSION)
    assert not server.counts[Target.LOGIN]


# The work order's state as a look-up


@pytest.mark.parametrize(
    "lookup",
    [
        DETAIL,
        "SELECT CASE WHEN Stav LIKE 'O%' THEN 1 ELSE 0 END FROM trasy.ZP WHERE ID_ZP = @id_zp",
    ],
)
async def test_the_state_of_the_work_order_tells_whether_the_report_is_in(
    server: TdsSimulator, lookup: str
) -> None:
    async with a_gateway(server.url, EXECUTE_ONLY, lookup=lookup) as gateway:
        assert await gateway.find(SUBMISSION.key) is None
        await gateway.submit(SUBMISSION)
        found = await gateway.find(SUBMISSION.key)
    assert found is not None
    assert found.data == {"key": SUBMISSION.key, "id_zp": 53773}


async def test_a_repeated_submission_cannot_be_told_from_the_first_one_by_the_orders_state(
    server: TdsSimulator,
) -> None:
    async with a_gateway(server.url, EXECUTE_ONLY, lookup=DETAIL) as gateway:
        with pytest.raises(OutcomeUnknownError, match="repeated submission"):
            await gateway.find(f"{SUBMISSION.key}-r1")


@pytest.mark.parametrize(
    "lookup", ["trasy.ZP_Detail Jiny=Odesláno", "SELECT 1 AS Ok WHERE @id_zp = 1", ""]
)
async def test_a_look_up_that_answers_something_else_never_says_that_nothing_is_there(
    server: TdsSimulator, lookup: str
) -> None:
    meaning = InsyzUnavailable if lookup else OutcomeUnknownError
    server.script("53773", "error:208", target="lookup")
    async with a_gateway(server.url, EXECUTE_ONLY, lookup=lookup) as gateway:
        with pytest.raises(meaning):
            await gateway.find(SUBMISSION.key)


# What a diagnosis finds


async def test_all_is_well(gateway: SqlGateway, execute_only: SqlGateway) -> None:
    for one, steps in ((gateway, 5), (execute_only, 4)):
        checks = await one.diagnose()
        assert [check.ok for check in checks] == [True] * steps
        await one.health()


@pytest.mark.parametrize(
    ("settings", "password", "wrong", "found"),
    [
        ({}, "wrong-one", "login", "18456"),
        ({"installed": frozenset[str]()}, PASSWORD, "trasy.ZP_Podani_Zapis", "not installed"),
        ({"granted": PROCEDURES - {"trasy.ZP_Podani_Stav"}}, PASSWORD, "trasy.ZP_Podani_Stav", ""),
    ],
)
async def test_the_first_step_that_fails_says_what_to_do(
    settings: dict[str, frozenset[str]], password: str, wrong: str, found: str
) -> None:
    server = TdsSimulator(
        password=PASSWORD,
        installed=settings.get("installed", PROCEDURES),
        granted=settings.get("granted", PROCEDURES),
    )
    async with server, a_gateway(server.url, password=password, request_secs=15) as gateway:
        check = next(check for check in await gateway.diagnose() if not check.ok)
    assert check.name == wrong
    assert found in check.found
    assert check.advice


async def test_a_diagnosis_names_a_server_that_is_not_there_mute_or_not_trusted(
    authority: Authority,
) -> None:
    nobody = f"mssql://portal@127.0.0.1:{free_port()}/INSYZ"
    async with mute_server() as mute, secure(authority, "insyz.example") as other:
        for url, step in ((nobody, "server"), (mute, "server"), (by_name(other), "TLS")):
            ca_file = authority.ca_file if step == "TLS" else None
            async with a_gateway(url, ca_file=ca_file, request_secs=2) as gateway:
                check = (await gateway.diagnose())[-1]
            assert (check.name, check.ok) == (step, False)
            assert check.advice


async def test_without_a_right_nothing_is_written(server: TdsSimulator) -> None:
    server = TdsSimulator(password=PASSWORD, granted={"trasy.ZP_Zapis_XML"})
    async with server, a_gateway(server.url) as gateway:
        with pytest.raises(AuthenticationError, match="SQL Server error 229"):
            await gateway.submit(SUBMISSION)
        assert not server.book.submissions()
