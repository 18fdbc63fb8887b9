"""A bad day: a thousand failed reports go out with one command."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from insyz.settings import Settings
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.listing import BROKEN, OPEN, count
from tests.conftest import scaled_down
from tests.support import a_report, eventually, insyz_command
from worker import build_worker, gateway_for
from workflows.contract import workflow_id

REFUSED = 97
STOPPED = 900
MALFORMED = (1, 2, 3)
GOOD = REFUSED + STOPPED
AT_ONCE = 50


def in_a_crowd(insyz: Simulator, **changes: Any) -> Settings:
    """A request may take longer here than the second that other tests give it."""
    return scaled_down(insyz.url, insyz_request_secs=6, insyz_try_secs=9, **changes)


async def all_failed(client: Client, insyz: Simulator) -> None:
    """As after a day on which INSYZ's token was changed, and somebody lost their patience."""
    wrong = in_a_crowd(insyz, insyz_token=SecretStr("yesterday-it-was-right"))
    async with gateway_for(wrong) as gateway, build_worker(client, gateway, wrong):
        for id_zp in MALFORMED:
            await client.start_workflow(
                "SubmitReport", {"bad": id_zp}, id=workflow_id(id_zp), task_queue="insyz"
            )
        await asyncio.gather(*(refused(client) for _ in range(REFUSED)))
    for _ in range(0, STOPPED, AT_ONCE):
        await asyncio.gather(*(stopped(client) for _ in range(AT_ONCE)))

    async def listed() -> None:
        assert await count(client, BROKEN) == GOOD + len(MALFORMED)

    await eventually(listed)
    assert insyz.stats()["taken"] == 0


async def refused(client: Client) -> None:
    await wait_for_result(await submit(a_report(), client=client), 60)


async def stopped(client: Client) -> None:
    started = await submit(a_report(), client=client)
    await client.get_workflow_handle(started.workflow_id).terminate()


@pytest.mark.timeout(360)
async def test_a_thousand_are_retried_at_once_and_three_bad_ones_do_not_stop_the_others(
    client: Client, insyz: Simulator
) -> None:
    await all_failed(client, insyz)
    ran = await insyz_command("failed", "retry", "--all", "--json")
    assert ran.code == 1, ran
    assert (ran.json["started"], ran.json["running"], ran.json["submitted"]) == (GOOD, 0, 0)
    assert ran.json["failed"].keys() == {str(id_zp) for id_zp in MALFORMED}
    assert all("data_a: Field required" in why for why in ran.json["failed"].values())

    async def left() -> None:
        assert await count(client, OPEN) == GOOD
        queue = (await insyz_command("failed", "--json")).json["failed"]
        assert {one["id_zp"] for one in queue} == {*MALFORMED}

    await eventually(left)
