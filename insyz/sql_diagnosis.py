"""What is right and wrong between this machine and INSYZ's procedures, one step after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from insyz.sql_answers import BrokenError, Phase, ServerError, TlsError
from insyz.sql_driver import Login
from insyz.sql_session import SqlSession

RIGHTS = "SELECT OBJECT_ID(%(name)s) AS Id, HAS_PERMS_BY_NAME(%(name)s, 'OBJECT', 'EXECUTE') AS Smi"


@dataclass(frozen=True, slots=True)
class Check:
    """One step: what was looked at, what was found, and, where it is wrong, what to do."""

    name: str
    ok: bool
    found: str
    advice: str = ""


async def diagnose(
    session: SqlSession, login: Login, procedures: Sequence[str], *, within_secs: float
) -> list[Check]:
    """The steps in their order, up to the first one that the later ones cannot do without."""
    checks: list[Check] = []
    try:
        async with asyncio.timeout(within_secs):
            async for check in _steps(session, login, procedures):
                checks.append(check)  # noqa: PERF401 (those before a time-out are kept)
    except TimeoutError:
        checks.append(_silent(checks, within_secs))
    return checks


async def _steps(
    session: SqlSession, login: Login, procedures: Sequence[str]
) -> AsyncIterator[Check]:
    address = login.address
    where = f"{address.host}:{address.port}"
    try:
        await session.connect(address)
        yield Check("server", True, f"{where} takes connections")
        await session.log_in(login)
    except ServerError as error:
        yield Check("login", False, str(error), "check the user in INSYZ_URL, INSYZ_SQL_PASSWORD")
    except TlsError as error:
        yield Check("TLS", False, str(error), "check INSYZ_CA_FILE and the host's name")
    except BrokenError as error:
        yield Check("server", False, f"{error} ({where})", "check INSYZ_URL, network and firewall")
    else:
        yield Check("TLS", True, "verified" if login.ca_file else "off: the server is local")
        yield Check("login", True, f"{address.user} in {address.database}")
        for procedure in procedures:
            yield await _right(session, procedure)


async def _right(session: SqlSession, procedure: str) -> Check:
    try:
        row = await session.run(Phase.ASKING, RIGHTS, {"name": procedure})
    except (ServerError, BrokenError) as error:
        return Check(procedure, False, str(error), "ask the DBA")
    if row is None or row["Id"] is None:
        advice = "have the DBA run deploy/sqlserver, and check INSYZ_SQL_STRATEGY"
        return Check(procedure, False, "not installed, or hidden from this login", advice)
    if row["Smi"] != 1:
        return Check(procedure, False, "EXECUTE is not granted", f"GRANT EXECUTE ON {procedure}")
    return Check(procedure, True, "installed, and may be executed")


def _silent(done: Sequence[Check], within_secs: float) -> Check:
    after = f" after {done[-1].name}" if done else ""
    advice = "check network and firewall; INSYZ_CONNECT_SECS bounds the wait"
    return Check("server", False, f"silent for {within_secs:g} s{after}", advice)
