"""SubmitReport on a real server, with a real worker and INSYZ's simulator."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from insyz.report import MAX_REPORT_BYTES
from simulator.faults import fault
from simulator.server import Simulator
from starter import status, submit, wait_for_result
from tests.support import a_report, eventually, vectors
from workflows.contract import SUBMIT_REPORT, TASK_QUEUE, Phase, State, Status, workflow_id

pytestmark = pytest.mark.usefixtures("worker")


async def outcome(client: Client, report: dict[str, Any]) -> Status:
    started = await submit(report, client=client)
    ended = await wait_for_result(started, 20)
    assert ended is not None
    return ended


async def failure(handle: WorkflowHandle[Any, Any]) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), 5)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def test_a_good_report_reaches_insyz_once(client: Client, insyz: Simulator) -> None:
    report = a_report()
    ended = await outcome(client, report)
    assert (ended.state, ended.phase, ended.attempt) == (State.SUBMITTED, Phase.TAKEN, 1)
    (record,) = insyz.book.submissions()
    assert (record.id_zp, record.uzivatel, record.key) == (
        report["id_zp"],
        "1955",
        ended.submission_key,
    )
    assert ended.receipt is not None
    assert ended.receipt["receipt"] == record.receipt
    assert ended.message == "Systém INSYZ hlášení přijal. Nemusíte už nic dělat."


async def test_what_insyz_gets_is_the_document_of_the_report(
    client: Client, insyz: Simulator
) -> None:
    await outcome(client, a_report(cislo_zp="S/BN/O/1 <&> „č“"))
    xml = json.loads(insyz.requests[-1].body)["xml_data"]
    assert xml.startswith("<ZP id_zp=")
    assert "S/BN/O/1 &lt;&amp;&gt; „č“" in xml
    assert "<Odeslal>4133</Odeslal>" in xml


async def test_every_worked_case_goes_through(client: Client, insyz: Simulator) -> None:
    ended = await asyncio.gather(*(outcome(client, case["report"]) for case in vectors()))
    assert {one.state for one in ended} == {State.SUBMITTED}
    assert insyz.stats()["taken"] == 40
    assert insyz.stats()["duplicates"] == {}


async def test_changes_to_texts_are_in_the_status_as_warnings(client: Client) -> None:
    ended = await outcome(client, a_report(data_b={"Koment_Usek": "\N{BLACK CIRCLE} \u2192"}))
    assert ended.warnings == ["data_b.Koment_Usek: 2 characters replaced"]


@pytest.mark.parametrize(
    ("code", "error"), [(422, "InvalidReportError"), (401, "AuthenticationError")]
)
async def test_a_permanent_refusal_fails_the_workflow_at_once(
    client: Client, insyz: Simulator, code: int, error: str
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("status", code=code, message="tak ne"))
    ended = await outcome(client, report)
    assert (ended.state, ended.phase, ended.attempt) == (State.REJECTED, Phase.FAILED, 1)
    assert ended.error is not None
    assert ended.error.type == error
    assert "tak ne" in ended.error.message
    cause = await failure(client.get_workflow_handle(workflow_id(report["id_zp"])))
    assert cause.type == error
    assert cause.message.startswith(f"{error}: HTTP {code}")
    assert insyz.stats()["requests"]["submit"] == 1


async def test_an_outage_is_retried_after_one_and_two_seconds(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], "status:503", "status:503")
    started = asyncio.get_running_loop().time()
    ended = await outcome(client, report)
    assert (ended.state, ended.attempt) == (State.SUBMITTED, 3)
    assert 2.9 < asyncio.get_running_loop().time() - started < 6
    assert insyz.stats()["taken"] == 1


async def test_retry_after_sets_the_next_try(client: Client, insyz: Simulator) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("status", code=503, retry_after=3))
    started = asyncio.get_running_loop().time()
    assert (await outcome(client, report)).attempt == 2
    assert asyncio.get_running_loop().time() - started > 2.9


async def test_the_tries_are_visible_while_they_happen(client: Client, insyz: Simulator) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("status", code=503, message="údržba", retry_after=9))
    await submit(report, client=client)

    async def a_try_has_failed() -> Status:
        now = await status(report["id_zp"], client=client)
        assert now.error is not None
        return now

    now = await eventually(a_try_has_failed)
    assert (now.state, now.phase) == (State.SEND, Phase.SENDING)
    assert now.error is not None
    assert now.error.type == "InsyzUnavailable"
    assert "údržba" in now.error.message


def raw(data: bytes, encoding: bytes) -> RawValue:
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


MALFORMED: dict[str, tuple[Sequence[Any], list[str]]] = {
    "wrong fields": ([{"bad": 1}], ["id_zp", "cislo_zp", "data_a", "data_b"]),
    "no input": ([], ["expected one input", "got 0"]),
    "two inputs": ([{}, {}], ["expected one input", "got 2"]),
    "null": ([None], ["binary/null"]),
    "a list": ([[1]], ["object"]),
    "binary": ([b"\x00\xff"], ["binary/plain"]),
    "an unknown encoding": ([raw(b"x", b"json/martian")], ["json/martian"]),
    "broken JSON": ([raw(b'{"a":\n}', b"json/plain")], ["line 2 column 1"]),
    "numbers without an end": ([raw(b'{"a": NaN}', b"json/plain")], ["not valid JSON"]),
    "no attachment": ([a_report(data_b={"Prilohy_Usek": [5]})], ["data_b.Prilohy_Usek", "5"]),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_input_fails_the_workflow_at_once(client: Client, case: str) -> None:
    inputs, named = MALFORMED[case]
    handle = await client.start_workflow(
        SUBMIT_REPORT, args=inputs, id=f"malformed-{case}", task_queue=TASK_QUEUE
    )
    cause = await failure(handle)
    assert cause.type == "InvalidReportError"
    assert cause.message.startswith("InvalidReportError: ")
    for words in named:
        assert words in cause.message


async def test_a_report_under_another_workflow_id_is_refused_lest_it_be_sent_twice(
    client: Client, insyz: Simulator
) -> None:
    handle = await client.start_workflow(
        SUBMIT_REPORT, a_report(id_zp=53773), id="mine", task_queue=TASK_QUEUE
    )
    assert "must be 'submit-report-53773', not 'mine'" in (await failure(handle)).message
    assert insyz.stats()["taken"] == 0


async def test_an_unknown_workflow_type_on_our_queue_fails_at_once(client: Client) -> None:
    handle = await client.start_workflow("SubmitReprot", {}, id="typo", task_queue=TASK_QUEUE)
    cause = await failure(handle)
    assert cause.type == "InvalidReportError"
    assert "SubmitReprot" in cause.message


async def test_a_report_whose_xml_would_exceed_temporals_limits_fails_at_once(
    client: Client, insyz: Simulator
) -> None:
    fields = {f"Velmi_Dlouhy_Nazev_Pole_{number:06}": "<>" for number in range(40_000)}
    report = a_report(data_b=fields)
    assert len(json.dumps(report)) < MAX_REPORT_BYTES
    handle = await client.start_workflow(
        SUBMIT_REPORT, report, id=workflow_id(report["id_zp"]), task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), 15)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "InvalidReportError"
    assert failed.value.cause.message.startswith("InvalidReportError: the report makes ")
    assert "the limit is" in failed.value.cause.message
    assert Status.model_validate(failed.value.cause.details[0]).state is State.REJECTED
    assert insyz.requests == []


async def test_a_report_of_three_hundred_kilobytes_goes_through(
    client: Client, insyz: Simulator
) -> None:
    fields = {f"Koment_{number}": "Žluťoučký kůň " * 20 for number in range(1_000)}
    assert (await outcome(client, a_report(data_b=fields))).state is State.SUBMITTED
    assert insyz.stats()["taken"] == 1


async def test_the_query_gives_the_portals_view(client: Client) -> None:
    report = a_report()
    ended = await outcome(client, report)
    asked = await client.get_workflow_handle(workflow_id(report["id_zp"])).query("status")
    assert Status.model_validate(asked) == ended
    assert list(asked) == [
        "id_zp",
        "cislo_zp",
        "state",
        "phase",
        "attempt",
        "submission_key",
        "receipt",
        "error",
        "warnings",
        "message",
        "next_try",
        "decision",
    ]


async def test_what_the_last_try_met_is_known_while_the_fourth_one_is_under_way(
    client: Client, insyz: Simulator, worker: None
) -> None:
    """Temporal forgets the type of a failure that is larger than 4 kB."""
    report = a_report()
    outage = fault("unavailable", message="nedostupné " * 20)
    insyz.script(report["id_zp"], *[outage] * 3, fault("stall_before", seconds=0.8))
    await submit(report, client=client)

    async def seen() -> None:
        now = await status(report["id_zp"], client=client)
        assert (now.attempt, now.error and now.error.type) == (4, "InsyzUnavailable")

    await eventually(seen)
