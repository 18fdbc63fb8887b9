"""What the Web UI and the temporal CLI show of a submission without opening a payload."""

import logging

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submission, submit, wait_for_result
from starter.setup import missing_search_attributes, register_search_attributes
from tests.support import a_report, eventually, reaches, temporal_cli
from workflows.contract import Phase, State
from workflows.visibility import ATTRIBUTES


async def listed(client: Client, query: str) -> list[str]:
    return [run.id async for run in client.list_workflows(query)]


async def is_listed(client: Client, query: str, workflow_id: str) -> None:
    async def there() -> None:
        assert await listed(client, query) == [workflow_id]

    await eventually(there)


async def test_setup_registers_the_search_attributes_and_may_be_repeated(client: Client) -> None:
    assert await register_search_attributes(client) == [key.name for key in ATTRIBUTES]
    assert await register_search_attributes(client) == []
    assert await missing_search_attributes(client) == []


@pytest.mark.usefixtures("worker")
class TestAServerThatKnowsOurSearchAttributes:
    @pytest.fixture(autouse=True)
    async def registered(self, client: Client) -> None:
        await register_search_attributes(client)

    async def test_finds_a_report_by_its_numbers_and_its_end(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        started = await submit(report, client=client)
        await wait_for_result(started, 20)
        for query in (
            f"InsyzIdZp = {report['id_zp']}",
            f"InsyzCisloZp = '{report['cislo_zp']}'",
            "InsyzState = 'submitted' AND InsyzPhase = 'taken' AND InsyzSubmittedBy = 4133",
        ):
            await is_listed(client, query, started.workflow_id)

    async def test_keeps_the_phase_and_the_error_current(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
        started = await submit(report, client=client)
        await is_listed(client, "InsyzPhase = 'waiting'", started.workflow_id)
        await is_listed(client, "InsyzErrorType = 'InsyzUnavailable'", started.workflow_id)
        await client.get_workflow_handle(started.workflow_id).signal("retry")
        await wait_for_result(started, 20)
        await is_listed(
            client, "InsyzPhase = 'taken' AND InsyzErrorType IS NULL", started.workflow_id
        )

    async def test_costs_one_event_of_a_report_that_goes_through(self, client: Client) -> None:
        started = await submit(a_report(), client=client)
        await wait_for_result(started, 20)
        handle = client.get_workflow_handle(started.workflow_id)
        types = [event.event_type for event in (await handle.fetch_history()).events]
        assert types.count(EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES) == 1


@pytest.mark.usefixtures("worker")
async def test_a_server_without_them_works_with_one_warning(
    client: Client, insyz: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    submission._warn_of_missing_search_attributes.cache_clear()
    with caplog.at_level(logging.WARNING, "insyz.starter"):
        await submit(a_report(), client=client)
        ended = await wait_for_result(await submit(a_report(), client=client), 20)
    assert ended is not None
    assert ended.state is State.SUBMITTED
    assert [line.message for line in caplog.records if line.name == "insyz.starter"] == [
        "this server does not know our search attributes; see: insyz setup"
    ]


@pytest.mark.usefixtures("worker")
async def test_the_list_names_order_and_leader_and_the_details_say_what_to_do(
    client: Client, insyz: Simulator
) -> None:
    report = a_report(cislo_zp="S/BN/O/26012")
    insyz.script(report["id_zp"], fault("unavailable", message="údržba", retry_after=600))
    started = await submit(report, client=client)
    await reaches(client, report, Phase.WAITING)
    there = await client.get_workflow_handle(started.workflow_id).describe()
    assert await there.static_summary() == "S/BN/O/26012 · J. Novák"
    shown = await temporal_cli("workflow", "metadata", "--workflow-id", started.workflow_id)
    assert "waiting" in shown
    assert f"insyz retry {report['id_zp']}" in shown
    assert "údržba" in shown
