"""What the tests of the SQL transport share: gateways, and the moment when the server is done."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from insyz.gateway import Submission
from insyz.sql_address import SqlAddress
from insyz.sql_assembly import strategy_for
from insyz.sql_driver import Login
from insyz.sql_gateway import SqlGateway
from insyz.sql_strategy import SqlStrategy
from simulator.tds.server import TdsSimulator
from tests.support import eventually

PASSWORD = "only-for-tests-ž3a"
XML = '<ZP id_zp="53773" cislo_zp="S/BN/O/26012"><Koment>Žluťoučký kůň</Koment></ZP>'
SUBMISSION = Submission(key="zp-53773-0a1b", xml=XML, uzivatel="1955")
REQUEST_SECS = 1.0
"""Enough for a busy machine; what is to come too late comes half as long again."""
LATE_SECS = 1.5
DETAIL = "trasy.ZP_Detail Stav=Odesláno,Přijato"


def a_gateway(
    url: str,
    strategy: SqlStrategy = SqlStrategy.LEDGER,
    *,
    lookup: str | None = None,
    password: str = PASSWORD,
    ca_file: Path | None = None,
    request_secs: float = REQUEST_SECS,
) -> SqlGateway:
    login = Login(SqlAddress.parse(url), SecretStr(password), str(ca_file) if ca_file else None)
    chosen = strategy_for(strategy, lookup=lookup, settle_secs=1.0, request_secs=request_secs)
    return SqlGateway(login, chosen, connect_secs=0.8 * request_secs, request_secs=request_secs)


async def idle(server: TdsSimulator) -> None:
    """Returns once no statement is at work any more, whoever waits for it."""

    async def done() -> None:
        assert not server.busy

    await eventually(done)


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
