"""The T-SQL parses: the DBA's files, and what the worker sends. No real server has run it here."""

from pathlib import Path
from typing import Any

import pytest
import sqlfluff
from sqlfluff.api.simple import APIParsingError

from insyz import sql_diagnosis, sql_execute_only, sql_ledger
from insyz.sql_lookup import OrderLookup

FOLDER = Path(__file__).parents[2] / "deploy" / "sqlserver"
FILES = sorted(FOLDER.glob("*.sql"))
PLACES = dict.fromkeys(("klic", "kolo", "xml", "uzivatel", "name", "id_zp"), "@P1")
STATEMENTS = [
    sql_ledger.STATE,
    sql_ledger.WRITE,
    sql_execute_only.BEGIN.format(lock_ms=15_000),
    sql_execute_only.CALL,
    sql_execute_only.COMMIT,
    sql_diagnosis.RIGHTS,
    OrderLookup.parse("trasy.ZP_Detail Stav=1").statement,
    OrderLookup.parse("SELECT Stav % 2 FROM trasy.ZP WHERE ID_ZP = @id_zp").statement,
]


def parse(sql: str) -> dict[str, Any]:
    return sqlfluff.parse(sql, dialect="tsql")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_for_the_dba_parses_as_tsql(file: Path) -> None:
    assert parse(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_of_the_worker_parses_as_tsql(statement: str) -> None:
    assert parse(statement % PLACES)


def test_what_is_no_tsql_does_not_parse() -> None:
    with pytest.raises(APIParsingError):
        parse("CREATE OR ALTER PROCEDURE trasy.X AS BEGIN SELECT 1 FROM WHERE; END")


def test_a_second_run_of_the_files_changes_nothing() -> None:
    """Everything that is created is created only where it is missing, or replaced."""
    for file in FILES:
        code = [
            line.strip()
            for line in file.read_text(encoding="utf-8").splitlines()
            if not line.strip().startswith("--")
        ]
        for number, line in enumerate(code):
            if line.startswith(("CREATE TABLE", "CREATE ROLE")):
                assert any(before.startswith("IF ") for before in code[number - 2 : number])
            elif line.startswith("CREATE"):
                assert line.startswith("CREATE OR ALTER PROCEDURE")


def test_the_procedures_of_the_ledger_are_the_ones_that_the_worker_calls_and_may_call() -> None:
    installed = (FOLDER / "podani.sql").read_text(encoding="utf-8")
    granted = (FOLDER / "prava.sql").read_text(encoding="utf-8")
    for procedure in sql_ledger.Ledger.procedures:
        assert f"CREATE OR ALTER PROCEDURE {procedure}\n" in installed
        assert f"GRANT EXECUTE ON OBJECT::{procedure} TO" in granted
