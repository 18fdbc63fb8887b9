"""The stand-in SQL Server itself, by a driver's eyes and as a process."""

import asyncio
import json
import os
import signal
import sys
from contextlib import closing
from typing import Any

import httpx
import pytds
import pytest

from simulator.tds.server import TdsSimulator
from tests.sqlserver.support import PASSWORD, SUBMISSION, XML, a_gateway, idle

WRITE = "EXEC trasy.ZP_Zapis_XML @Data_XML = %(xml)s, @Uzivatel = %(uzivatel)s"


def connected(server: TdsSimulator, *, timeout: float = 5) -> Any:
    return pytds.connect(
        "127.0.0.1", "INSYZ", "portal", PASSWORD, port=server.port, timeout=timeout, autocommit=True
    )


async def test_an_attention_ends_what_heeds_it_and_the_connection_goes_on(
    server: TdsSimulator,
) -> None:
    server.script(53773, "stall_heeding:30")

    def use() -> list[Any]:
        with closing(connected(server, timeout=0.2)) as connection:
            cursor = connection.cursor()
            with pytest.raises(TimeoutError):
                cursor.execute(WRITE, {"xml": XML, "uzivatel": "1955"})
            again: list[Any] = cursor.execute("SELECT 1 AS Ok").fetchall()
            return again

    assert await asyncio.to_thread(use) == [(1,)]
    assert not server.book.submissions()


async def test_what_ignores_an_attention_is_done_all_the_same(server: TdsSimulator) -> None:
    server.script(53773, "stall_before:0.5")

    def use() -> None:
        with closing(connected(server, timeout=0.2)) as connection, pytest.raises(TimeoutError):
            connection.cursor().execute(WRITE, {"xml": XML, "uzivatel": "1955"})

    await asyncio.to_thread(use)
    await idle(server)
    assert len(server.book.submissions()) == 1


async def test_a_procedure_can_be_called_by_its_name_with_named_parameters(
    server: TdsSimulator,
) -> None:
    def use() -> None:
        with closing(connected(server)) as connection:
            call = {"@Data_XML": XML, "@Uzivatel": "1955"}
            connection.cursor().callproc("trasy.ZP_Zapis_XML", call)

    await asyncio.to_thread(use)
    assert server.book.submissions()[0].uzivatel == "1955"


async def test_rows_come_before_the_error_that_follows_them(server: TdsSimulator) -> None:
    server.script(53773, "error_after_rows")

    def use() -> list[Any]:
        with closing(connected(server)) as connection:
            cursor = connection.cursor()
            cursor.execute(WRITE, {"xml": XML, "uzivatel": "1955"})
            rows: list[Any] = cursor.fetchall()
            with pytest.raises(pytds.DatabaseError, match="Zápis se nezdařil"):
                cursor.nextset()
            return rows

    assert await asyncio.to_thread(use) == [("zapisuji",)]


async def test_what_is_not_committed_is_gone_with_the_connection(server: TdsSimulator) -> None:
    def use() -> None:
        with closing(connected(server)) as connection:
            connection.cursor().execute("BEGIN TRANSACTION")
            connection.cursor().execute(WRITE, {"xml": XML, "uzivatel": "1955"})

    await asyncio.to_thread(use)
    await idle(server)
    assert not server.book.submissions()


async def test_a_statement_that_it_does_not_know_is_refused(server: TdsSimulator) -> None:
    def use() -> None:
        unknown = pytest.raises(pytds.DatabaseError, match="nezná příkaz")
        with closing(connected(server)) as connection, unknown:
            connection.cursor().execute("SELECT * FROM trasy.ZP")

    await asyncio.to_thread(use)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_as_a_process_it_says_where_it_is_obeys_orders_and_ends_at_a_signal(
    number: signal.Signals,
) -> None:
    process = await started({"SIMULATOR_PASSWORD": PASSWORD})
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    async with a_gateway(ready["url"]) as gateway, httpx.AsyncClient(trust_env=False) as http:
        order = {"script": {"53773": ["error:1205"]}}
        assert (await http.post(f"{ready['control']}/_sim/faults", json=order)).status_code == 204
        wrong = {"script": {"53773": ["status:503"]}}
        assert (await http.post(f"{ready['control']}/_sim/faults", json=wrong)).status_code == 400
        with pytest.raises(Exception, match="1205"):
            await gateway.submit(SUBMISSION)
        await gateway.submit(SUBMISSION)
        stats = (await http.get(f"{ready['control']}/_sim/stats")).json()
    assert stats["taken"] == 1
    assert stats["requests"] == {"submit": 2, "lookup": 2, "health": 0, "login": 2, "commit": 0}
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, err) == (0, b"")


async def test_without_a_password_it_does_not_start() -> None:
    process = await started({"SIMULATOR_PASSWORD": ""})
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 2
    assert b"SIMULATOR_PASSWORD is not set" in err


async def started(env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator.tds"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | env,
    )
