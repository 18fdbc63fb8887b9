"""The settings of the SQL transport: what is needed, what is refused, and how it is said."""

from pathlib import Path
from typing import Any

import certifi
import pytest

from insyz.settings import Settings, SettingsError
from insyz.sql_address import SqlAddress
from insyz.sql_strategy import SqlStrategy

LOCAL = "mssql://portal@127.0.0.1/INSYZ"
PASSWORD = "only-for-tests-ž3a"


def load(**given: Any) -> Settings:
    return Settings.load(**({"insyz_url": LOCAL, "insyz_sql_password": PASSWORD} | given))


def refusal(**given: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        load(**given)
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mssql://portal@sql.kct.cz/INSYZ", ("sql.kct.cz", 1433, "portal", "INSYZ")),
        ("mssql://portal@sql.kct.cz:14330/INSYZ", ("sql.kct.cz", 14330, "portal", "INSYZ")),
        ("mssql://KCT%5Cportal@[::1]/Zna%C4%8Den%C3%AD", ("::1", 1433, "KCT\\portal", "Značení")),
    ],
)
def test_an_address_names_server_user_and_database(url: str, address: tuple[object, ...]) -> None:
    assert SqlAddress.parse(url) == SqlAddress(*address)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mssql://sql.kct.cz/INSYZ", "names no user"),
        ("mssql://portal@/INSYZ", "names no host"),
        ("mssql://portal@sql.kct.cz", "names no database"),
        ("mssql://portal@sql.kct.cz/", "names no database"),
        ("mssql://portal:heslo@sql.kct.cz/INSYZ", "INSYZ_SQL_PASSWORD"),
        ("mssql://portal@sql.kct.cz/INSYZ?encrypt=no", "must end with the name of the database"),
        ("mssql://portal@sql.kct.cz:0/INSYZ", "from 1 to 65535"),
        ("mssql://portal@sql.kct.cz:70000/INSYZ", "from 1 to 65535"),
        ("mssql://portal@sql.kct.cz:x/INSYZ", "from 1 to 65535"),
        (f"mssql://{'p' * 129}@sql.kct.cz/INSYZ", "the user has more than 128 characters"),
        (f"mssql://portal@sql.kct.cz/{'d' * 129}", "the database has more than 128 characters"),
        ("mssql://portal@sql.kct.cz/IN%0ASYZ", "the database holds characters"),
        ("mssql://portal@značení.cz/INSYZ", "the host holds characters"),
        ("mssql://portal@sql%5Cinst/INSYZ", "the host holds characters"),
    ],
)
def test_what_an_address_lacks_is_named(url: str, words: str) -> None:
    said = refusal(insyz_url=url)
    assert said.startswith("INSYZ_URL: ")
    assert words in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_on_this_machine_no_certificate_is_needed(host: str) -> None:
    address = load(insyz_url=f"mssql://portal@{host}/INSYZ").sql_address
    assert address is not None
    assert address.is_loopback


@pytest.mark.parametrize("host", ["sql.kct.cz", "10.0.0.5", "localhost.kct.cz", "127.0.0.1.kct.cz"])
def test_anywhere_else_somebody_must_vouch_for_the_server(host: str, tmp_path: Path) -> None:
    url = f"mssql://portal@{host}/INSYZ"
    assert "INSYZ_CA_FILE: not set" in refusal(insyz_url=url)
    assert "INSYZ_CA_FILE" in refusal(insyz_url=url, insyz_ca_file=tmp_path / "none.pem")
    ca_file = Path(certifi.where())
    assert load(insyz_url=url, insyz_ca_file=ca_file).insyz_ca_file == ca_file


def test_the_password_is_needed_bounded_and_never_shown() -> None:
    assert refusal(insyz_sql_password=None) == "INSYZ_SQL_PASSWORD: not set"
    assert refusal(insyz_sql_password="x" * 129).startswith("INSYZ_SQL_PASSWORD: ")
    assert PASSWORD not in repr(load())


def test_a_token_is_needed_with_a_gateway_only() -> None:
    assert load().insyz_token is None
    assert refusal(insyz_url="https://insyz.kct.cz") == "INSYZ_TOKEN: not set"


@pytest.mark.parametrize(
    "lookup",
    ["trasy.ZP_Detail", "trasy.ZP_Detail Stav", "SELECT 1", "x" * 5_000, "; DROP TABLE a b=c"],
)
def test_a_look_up_that_asks_nothing_about_an_order_is_refused(lookup: str) -> None:
    said = refusal(insyz_sql_lookup=lookup, insyz_sql_strategy="execute-only")
    assert said.startswith("INSYZ_SQL_LOOKUP: ")


def test_the_ledger_has_a_look_up_of_its_own() -> None:
    lookup = "trasy.ZP_Detail Stav=Odesláno"
    assert "only with INSYZ_SQL_STRATEGY=execute-only" in refusal(insyz_sql_lookup=lookup)
    settings = load(insyz_sql_lookup=lookup, insyz_sql_strategy="execute-only")
    assert settings.insyz_sql_strategy is SqlStrategy.EXECUTE_ONLY
