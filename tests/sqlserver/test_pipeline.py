"""The workflow as it is, over a SQL Server: what differs is what the gateway says of itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.client import Client

from insyz.settings import Settings
from simulator.order import Target
from simulator.tds.server import TdsSimulator
from starter.submission import submit
from tests.conftest import scaled_down
from tests.sqlserver.support import PASSWORD, idle
from tests.support import a_report, eventually, reaches
from worker import build_worker, gateway_for
from workflows.contract import (
    CANCEL_SIGNAL,
    RESOLVE_UPDATE,
    CancelRequest,
    Decision,
    Phase,
    State,
    Verdict,
    workflow_id,
)

IN_TIME = {"insyz_connect_secs": 1.5, "insyz_request_secs": 2.0, "insyz_try_secs": 4.0}
"""Longer than elsewhere: here it counts how many tries there are, on a busy machine too."""


@asynccontextmanager
async def working(
    client: Client, server: TdsSimulator, strategy: str, **changes: Any
) -> AsyncIterator[Settings]:
    given = {"insyz_sql_password": PASSWORD, "insyz_sql_strategy": strategy, **IN_TIME}
    settings = scaled_down(server.url, **(given | changes))
    async with gateway_for(settings) as gateway, build_worker(client, gateway, settings):
        yield settings


def records(server: TdsSimulator, report: dict[str, Any]) -> int:
    return len(server.book.submissions(report["id_zp"]))


@pytest.mark.parametrize("strategy", ["ledger", "execute-only"])
async def test_a_report_goes_through(client: Client, server: TdsSimulator, strategy: str) -> None:
    report = a_report()
    async with working(client, server, strategy):
        await submit(report, client=client)
        await reaches(client, report, Phase.TAKEN)
    assert records(server, report) == 1


@pytest.mark.parametrize("strategy", ["ledger", "execute-only"])
async def test_what_insyz_refuses_is_rejected_with_its_number(
    client: Client, server: TdsSimulator, strategy: str
) -> None:
    report = a_report()
    server.script(report["id_zp"], "error:50000")
    async with working(client, server, strategy):
        await submit(report, client=client)
        status = await reaches(client, report, State.REJECTED)
    assert status.error is not None
    assert status.error.type == "InvalidReportError"
    assert status.error.message.startswith("SQL Server error 50000: ")


async def test_with_a_ledger_a_lost_answer_is_cleared_up_without_any_settle_time(
    client: Client, server: TdsSimulator
) -> None:
    report = a_report()
    server.script(report["id_zp"], "reset_after")
    async with working(client, server, "ledger", insyz_settle_secs=60):
        await submit(report, client=client)
        status = await reaches(client, report, Phase.FOUND, within=15)
    assert status.attempt == 2
    assert records(server, report) == 1


async def test_with_a_ledger_a_cancelled_report_cannot_be_taken_by_what_is_still_queued(
    client: Client, server: TdsSimulator
) -> None:
    report = a_report()
    server.script(report["id_zp"], "stall_before:4")
    async with working(client, server, "ledger"):
        await submit(report, client=client)
        await arrived(server, Target.SUBMIT)
        handle = client.get_workflow_handle(workflow_id(report["id_zp"]))
        await handle.signal(CANCEL_SIGNAL, CancelRequest(by="J. Nováková"))
        status = await reaches(client, report, State.REJECTED)
    assert status.error is not None
    assert status.error.type == "SubmissionCancelled"
    await idle(server)
    assert records(server, report) == 0


@pytest.mark.parametrize("fault", ["reset_after", "stall_after:3", "torn", "killed_after"])
async def test_execute_only_asks_nobody_before_its_commit(
    client: Client, server: TdsSimulator, fault: str
) -> None:
    """The same faults leave an HTTP gateway that is blind in doubt."""
    report = a_report()
    server.script(report["id_zp"], fault)
    async with working(client, server, "execute-only"):
        await submit(report, client=client)
        assert (await reaches(client, report, State.SUBMITTED)).attempt == 2
    assert records(server, report) == 1


@pytest.mark.parametrize(
    ("fault", "verdict"), [("reset_before", Verdict.RESEND), ("reset_after", Verdict.SUBMITTED)]
)
async def test_a_commit_without_an_answer_is_for_a_person(
    client: Client, server: TdsSimulator, fault: str, verdict: Verdict
) -> None:
    report = a_report()
    server.script(report["id_zp"], fault, target="commit")
    async with working(client, server, "execute-only"):
        await submit(report, client=client)
        await reaches(client, report, Phase.NEEDS_DECISION)
        handle = client.get_workflow_handle(workflow_id(report["id_zp"]))
        decision = Decision(decision=verdict, by="J. Nováková", why="podívala jsem se do INSYZ")
        await handle.execute_update(RESOLVE_UPDATE, decision)
        await reaches(client, report, State.SUBMITTED)
    assert records(server, report) == 1


async def test_a_commit_without_an_answer_is_looked_up_where_the_orders_state_tells(
    client: Client, server: TdsSimulator
) -> None:
    report = a_report()
    server.script(report["id_zp"], "reset_after", target="commit")
    lookup = "trasy.ZP_Detail Stav=Odesláno"
    async with working(client, server, "execute-only", insyz_sql_lookup=lookup):
        await submit(report, client=client)
        await reaches(client, report, Phase.FOUND)
    assert records(server, report) == 1


async def test_an_outage_is_waited_out(client: Client, server: TdsSimulator) -> None:
    report = a_report()
    await server.refuse_connections(1.5)
    async with working(client, server, "ledger", insyz_retry_first_secs=0.3):
        await submit(report, client=client)
        await reaches(client, report, State.SUBMITTED)
    assert records(server, report) == 1


async def arrived(server: TdsSimulator, target: Target) -> None:
    async def there() -> None:
        assert server.counts[target]

    await eventually(there)
