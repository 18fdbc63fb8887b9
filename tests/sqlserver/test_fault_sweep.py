"""Each fault at each place, both strategies: the right class, and nothing doubled.

A class is right when it never claims more than the server's book bears out once all is quiet.
"""

from typing import Any

import pytest

from insyz.errors import (
    AuthenticationError,
    InsyzError,
    InsyzUnavailable,
    InvalidReportError,
    OutcomeUnknownError,
)
from insyz.gateway import Receipt
from insyz.sql_gateway import SqlGateway
from insyz.sql_strategy import SqlStrategy
from simulator.tds.faults import FAULTS
from simulator.tds.server import TdsSimulator
from tests.sqlserver.support import LATE_SECS as LATE
from tests.sqlserver.support import REQUEST_SECS, SUBMISSION, a_gateway, idle
from tests.support import eventually

TAKEN, AGAIN, ACCESS, NO, DOUBT = (
    Receipt, InsyzUnavailable, AuthenticationError, InvalidReportError, OutcomeUnknownError,
)  # fmt: skip
IN_TIME_SECS = 15.0
"""The deadline where the fault is not that something takes too long."""
REFUSED = {"fault": "error", "number": 50_000}
DRIP = {"fault": "drip", "seconds": LATE, "interval": 0.02}

SUBMIT: list[tuple[Any, type, type]] = [
    ("normal", TAKEN, TAKEN),
    ("chatter", TAKEN, TAKEN),
    ("error:1205", AGAIN, AGAIN),
    ("error:1222", AGAIN, AGAIN),
    ("error:2812", AGAIN, AGAIN),
    ("error:229", ACCESS, ACCESS),
    ("error:6355", NO, NO),
    ("error:9402", NO, NO),
    (REFUSED, NO, NO),
    (REFUSED | {"then": 266}, NO, NO),
    (REFUSED | {"text": "Write failed: timeout"}, NO, NO),
    ("error_after_rows", NO, NO),
    ("error:266", DOUBT, DOUBT),
    ("error_after_commit", DOUBT, DOUBT),
    ("killed_before", DOUBT, AGAIN),
    ("killed_after", DOUBT, AGAIN),
    ("reset_before", DOUBT, AGAIN),
    ("reset_after", DOUBT, AGAIN),
    ("closed_before", DOUBT, AGAIN),
    (f"stall_before:{LATE}", DOUBT, AGAIN),
    (f"stall_heeding:{LATE}", DOUBT, AGAIN),
    (f"slow:{LATE}", DOUBT, AGAIN),
    (f"stall_after:{LATE}", DOUBT, AGAIN),
    (f"stall_never:{LATE}", DOUBT, AGAIN),
    (DRIP, DOUBT, AGAIN),
    ("torn", DOUBT, AGAIN),
    ("outage:0.1", DOUBT, AGAIN),
]
COMMIT: list[tuple[Any, type]] = [
    ("chatter", TAKEN),
    ("error:1205", AGAIN),
    ("error:3902", DOUBT),
    ("error:50000", DOUBT),
    ("killed_before", DOUBT),
    ("killed_after", DOUBT),
    ("reset_before", DOUBT),
    ("reset_after", DOUBT),
    (f"stall_before:{LATE}", DOUBT),
    (f"stall_after:{LATE}", DOUBT),
    (f"stall_never:{LATE}", DOUBT),
    (DRIP, DOUBT),
    ("torn", DOUBT),
]
QUESTION: list[tuple[Any, type]] = [
    ("chatter", TAKEN),
    ("error:1222", AGAIN),
    ("error:50000", AGAIN),
    ("error:229", ACCESS),
    ("error_after_rows", AGAIN),
    ("killed_before", AGAIN),
    ("reset_before", AGAIN),
    ("reset_after", AGAIN),
    (f"stall_before:{LATE}", AGAIN),
    (DRIP, AGAIN),
    ("torn", AGAIN),
]
LOGIN: list[tuple[Any, type]] = [
    ("error:18456", ACCESS),
    ("error:18488", ACCESS),
    ({"fault": "error", "number": 4060, "then": 18456}, ACCESS),
    ("error:18401", AGAIN),
    ("killed_before", AGAIN),
    ("reset_before", AGAIN),
    ("closed_before", AGAIN),
    (f"stall_never:{LATE}", AGAIN),
    (DRIP, AGAIN),
    ("torn", AGAIN),
]
LEDGER, EXECUTE_ONLY = SqlStrategy.LEDGER, SqlStrategy.EXECUTE_ONLY
PLACES = [
    *((LEDGER, "submit", fault, meaning) for fault, meaning, _ in SUBMIT),
    *((EXECUTE_ONLY, "submit", fault, meaning) for fault, _, meaning in SUBMIT),
    *((EXECUTE_ONLY, "commit", fault, meaning) for fault, meaning in COMMIT),
    *((LEDGER, "lookup", fault, meaning) for fault, meaning in QUESTION),
    *((strategy, "login", *row) for strategy in SqlStrategy for row in LOGIN),
]


async def submitted(gateway: SqlGateway) -> Receipt | InsyzError:
    try:
        return await gateway.submit(SUBMISSION)
    except InsyzError as error:
        return error


def records(server: TdsSimulator) -> int:
    return len(server.book.submissions(53773))


@pytest.mark.parametrize(("strategy", "target", "fault", "meaning"), PLACES, ids=str)
async def test_a_fault_is_told_as_what_it_is_and_nothing_is_doubled(
    server: TdsSimulator, strategy: SqlStrategy, target: str, fault: Any, meaning: type
) -> None:
    server.order(target=target, script={"*": [fault], "53773": [fault]})
    request_secs = REQUEST_SECS if str(LATE) in str(fault) else IN_TIME_SECS
    async with a_gateway(server.url, strategy, request_secs=request_secs) as gateway:
        said = await submitted(gateway)
        assert type(said) is meaning, said
        if strategy is LEDGER:
            await the_ledger_tells_at_once_and_takes_it_once(server, gateway)
        await idle(server)
    if strategy is LEDGER or meaning is TAKEN:
        assert records(server) == 1
    elif meaning is not DOUBT:
        assert records(server) == 0


async def the_ledger_tells_at_once_and_takes_it_once(
    server: TdsSimulator, gateway: SqlGateway
) -> None:
    """Whatever the first try said, and while its statement may still be at work."""
    server.plan.clear()
    # Not while the statement is at work, or the server away: then it says so.
    found = await eventually(lambda: gateway.find(SUBMISSION.key), retry_on=InsyzUnavailable)
    await idle(server)
    assert records(server) == (found is not None)
    assert isinstance(await gateway.submit(SUBMISSION), Receipt)


def test_no_fault_is_left_out() -> None:
    tried = {str(fault["fault"] if isinstance(fault, dict) else fault) for _, _, fault, _ in PLACES}
    assert {name.partition(":")[0] for name in tried} == {*FAULTS}
