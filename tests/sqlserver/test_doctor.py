"""`insyz doctor` where INSYZ is a SQL Server."""

import pytest

from simulator.order import Target
from simulator.tds.server import TdsSimulator
from tests.sqlserver.support import PASSWORD
from tests.support import free_port, insyz_command


async def diagnosis(
    monkeypatch: pytest.MonkeyPatch, url: str, *, password: str = PASSWORD
) -> dict[str, dict[str, str]]:
    monkeypatch.setenv("INSYZ_URL", url)
    monkeypatch.setenv("INSYZ_SQL_PASSWORD", password)
    monkeypatch.delenv("REPORTS_DATABASE_URL", raising=False)
    ran = await insyz_command("doctor", "--json", "--only", "credentials")
    assert password not in ran.stdout + ran.stderr
    return {check["name"]: check for check in ran.json["checks"]}


async def test_it_looks_at_server_login_procedures_and_rights_and_asks_for_no_key(
    server: TdsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = await diagnosis(monkeypatch, server.url)
    assert checks["settings"]["seen"].endswith("INSYZ, strategy ledger")
    assert checks["insyz"]["verdict"] == "ok"
    for step in ("takes connections", "TLS: off", "login: portal", "trasy.ZP_Podani_Stav: "):
        assert step in checks["insyz"]["seen"]
    assert checks["credentials"]["verdict"] == "skipped"
    assert not server.counts[Target.LOOKUP]


async def test_it_says_what_to_do_about_each_thing_that_is_wrong(
    server: TdsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"mssql://portal@127.0.0.1:{free_port()}/INSYZ"
    async with TdsSimulator(password=PASSWORD, installed=frozenset()) as bare:
        for url, password, seen, advice in (
            (server.url, "not-the-right-one", "18456", "INSYZ_SQL_PASSWORD"),
            (bare.url, PASSWORD, "not installed", "deploy/sqlserver"),
            (nobody, PASSWORD, "cannot reach INSYZ", "INSYZ_URL"),
        ):
            check = (await diagnosis(monkeypatch, url, password=password))["insyz"]
            assert check["verdict"] == "failed"
            assert seen in check["seen"]
            assert advice in check["do"]
