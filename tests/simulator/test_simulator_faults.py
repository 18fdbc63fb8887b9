"""Every fault does what its name says, and meets the request it was ordered for."""

import asyncio
import socket
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from simulator.faults import FAULTS, Fault, fault
from simulator.order import Target
from simulator.server import Simulator
from tests.simulator.client import REPORT, Caller, calling, eventually, key_of, stand_in

# name: the status it answers with, and how many records a submission that meets it leaves behind
ANSWERED = {
    "normal": (200, 1),
    "status": (500, 0),
    "unauthorized": (401, 0),
    "forbidden": (403, 0),
    "unprocessable": (422, 0),
    "too_many_requests": (429, 0),
    "unavailable": (503, 0),
    "error_before": (500, 0),
    "error_after": (500, 1),
    "html_200": (200, 1),
    "no_verdict": (200, 1),
    "refused": (200, 0),
    "conflict_pending": (409, 0),
    "conflict_taken": (409, 1),
    "redirect": (302, 0),
    "stall_before": (200, 1),
    "stall_after": (200, 1),
    "drip": (200, 1),
    "huge": (200, 1),
    "outage": (503, 0),
}
# name: what the client sees of the broken connection, and how many records it leaves behind
BROKEN: dict[str, tuple[type[httpx.TransportError], int]] = {
    "reset_before": (httpx.ReadError, 0),
    "reset_after": (httpx.ReadError, 1),
    "stall_never": (httpx.RemoteProtocolError, 0),
    "truncated": (httpx.RemoteProtocolError, 1),
}
QUICK: dict[str, dict[str, Any]] = {
    "stall_before": {"seconds": 0.05},
    "stall_after": {"seconds": 0.05},
    "stall_never": {"seconds": 0.05},
    "drip": {"seconds": 0.05, "interval": 0.01},
    "huge": {"megabytes": 1},
    "outage": {"seconds": 0.05},
}


def quick(name: str) -> Fault:
    return fault(name, **QUICK.get(name, {}))


def listens(simulator: Simulator) -> bool:
    """Whether a new connection is accepted."""
    url = httpx.URL(simulator.url)
    with socket.socket() as connection:
        return connection.connect_ex((url.host, url.port)) == 0


def test_every_fault_is_tested() -> None:
    assert set(FAULTS) == set(ANSWERED) | set(BROKEN)


@pytest.mark.parametrize("name", ANSWERED)
async def test_a_fault_that_answers(name: str) -> None:
    status, taken = ANSWERED[name]
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, quick(name))
        assert (await caller.submit()).status_code == status
        assert simulator.stats()["taken"] == taken


@pytest.mark.parametrize("name", BROKEN)
async def test_a_fault_that_breaks_the_connection(name: str) -> None:
    error, taken = BROKEN[name]
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, quick(name))
        with pytest.raises(error):
            await caller.submit()
        assert simulator.stats()["taken"] == taken
        assert (await caller.submit()).json()["success"] is True


@pytest.mark.parametrize("target", ["lookup", "health"])
@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"conflict_taken"}))
async def test_a_look_up_and_a_health_check_can_fail_the_same_ways(name: str, target: str) -> None:
    async with stand_in() as (simulator, caller):
        await caller.submit()
        simulator.script("*", quick(name), target=target)
        ask = caller.look_up if target == "lookup" else caller.health
        if name in BROKEN:
            with pytest.raises(BROKEN[name][0]):
                await ask()
        else:
            assert (await ask()).status_code == ANSWERED[name][0]


async def test_reset_after_taking_leaves_a_record_behind() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, "reset_after")
        with pytest.raises(httpx.ReadError):
            await caller.submit()
        assert (await caller.look_up()).json()["id_zp"] == REPORT


async def test_a_stalled_report_is_taken_although_its_sender_gave_up() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("stall_before", seconds=0.15))
        with pytest.raises(httpx.ReadTimeout):
            await caller.submit(timeout=0.05)
        assert (await caller.look_up()).status_code == 404
        await eventually(lambda: simulator.stats()["taken"] == 1)
        assert (await caller.look_up()).status_code == 200


async def test_a_report_that_is_answered_late_was_taken_at_once() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("stall_after", seconds=5))
        with pytest.raises(httpx.ReadTimeout):
            await caller.submit(timeout=0.1)
        assert simulator.stats()["taken"] == 1


async def test_dripping_outlasts_the_time_out_of_every_single_read() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("drip", seconds=0.3, interval=0.02))
        begin = time.monotonic()
        answer = await caller.submit(timeout=0.2)
        assert time.monotonic() - begin > 0.3
        assert answer.json()["success"] is True


async def test_a_client_that_leaves_a_dripping_answer_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("drip", seconds=0.2, interval=0.01))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(caller.submit(), 0.1)
    assert not caplog.records


async def test_truncated_json_can_come_in_a_whole_message() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("truncated", whole_http=True))
        answer = await caller.submit()
        assert answer.status_code == 200
        with pytest.raises(JSONDecodeError):
            answer.json()
        assert simulator.stats()["taken"] == 1


async def test_a_huge_answer_is_a_success_of_that_size() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("huge", megabytes=2))
        answer = await caller.submit()
        assert len(answer.content) > 2 * 2**20
        assert answer.json()["success"] is True


async def test_verdicts_that_are_no_success() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, "no_verdict", "refused", fault("refused", message="Ne"))
        assert (await caller.submit()).json() == {"success": False}
        assert (await caller.submit()).json()["message"]
        assert (await caller.submit()).json()["message"] == "Ne"


async def test_a_conflict_shows_the_record_only_when_there_is_one() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, "conflict_pending", "conflict_taken")
        pending, taken = (await caller.submit()).json(), (await caller.submit()).json()
        assert set(pending) == {"error"}
        assert taken["key"] == key_of(REPORT)
        assert taken["submitted_at"] == simulator.book.submissions()[0].submitted_at


async def test_a_conflict_over_another_document_stays_a_refusal() -> None:
    async with stand_in(delivery="idempotent") as (simulator, caller):
        simulator.script(REPORT, "normal", "conflict_taken")
        await caller.submit()
        assert (await caller.submit(uzivatel="4133")).status_code == 422


async def test_a_status_comes_as_json_or_as_a_proxys_page() -> None:
    async with stand_in() as (simulator, caller):
        page = fault("status", code=502, html=True)
        simulator.script(REPORT, fault("status:418", message="čaj"), page, "status:599")
        as_json, as_html, unknown = [await caller.submit() for _ in range(3)]
    assert as_json.status_code == 418
    assert as_json.json() == {"error": "čaj"}
    assert "<h1>Bad Gateway</h1>" in as_html.text
    assert unknown.json() == {"error": "Status 599"}


async def test_retry_after_is_seconds_or_a_date_or_whatever_was_asked_for() -> None:
    async with stand_in() as (simulator, caller):
        dated = fault("unavailable", retry_after=60, retry_after_as_date=True)
        odd = fault("unavailable", retry_after="soon")
        simulator.script(REPORT, fault("unavailable", retry_after=7), dated, odd)
        waits = [(await caller.submit()).headers["Retry-After"] for _ in range(3)]
    assert waits[0] == "7"
    assert parsedate_to_datetime(waits[1]).timestamp() == pytest.approx(time.time() + 60, abs=3)
    assert waits[2] == "soon"


async def test_a_redirect_names_another_place() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, fault("redirect", location="https://example.org/login"))
        assert (await caller.submit()).headers["Location"] == "https://example.org/login"


async def test_in_an_outage_connections_are_refused_until_it_is_over() -> None:
    async with stand_in() as (simulator, caller), calling(simulator.url) as idle:
        await idle.health()
        simulator.script(REPORT, fault("outage", seconds=0.3))
        assert (await caller.submit()).status_code == 503
        for client in (caller, idle):
            with pytest.raises(httpx.ConnectError):
                await client.submit()
        await eventually(lambda: listens(simulator))
        assert (await caller.submit()).status_code == 200
        assert httpx.URL(simulator.url).port == caller.http.base_url.port


async def test_an_outage_can_be_ordered_and_made_longer() -> None:
    async with stand_in() as (simulator, caller):
        answer = await caller.http.post("/_sim/outage", json={"seconds": 0.05})
        assert answer.status_code == 204
        await simulator.refuse_connections(0.3)
        await asyncio.sleep(0.1)
        assert not listens(simulator)
        await eventually(lambda: listens(simulator))


async def test_a_simulator_can_end_in_the_middle_of_an_outage() -> None:
    async with stand_in() as (simulator, _):
        await simulator.refuse_connections(60)


async def statuses(caller: Caller, id_zp: int, requests: int) -> list[int]:
    return [(await caller.submit(id_zp)).status_code for _ in range(requests)]


async def test_a_script_is_used_up_by_one_report_and_then_all_is_normal() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(1, "status:503", "normal", "status:429")
        assert await statuses(caller, 2, 1) == [200]
        assert await statuses(caller, 1, 4) == [503, 200, 429, 200]


async def test_everyones_script_is_played_to_each_report_without_its_own() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script("*", "status:503")
        simulator.script(1, "status:429", "status:429")
        assert await statuses(caller, 1, 3) == [429, 429, 200]
        assert await statuses(caller, 2, 2) == [503, 200]
        assert await statuses(caller, 3, 2) == [503, 200]
        simulator.script("*", "status:502")
        assert await statuses(caller, 3, 2) == [502, 200]
        simulator.clear_faults()
        assert await statuses(caller, 4, 1) == [200]


async def test_a_look_up_has_a_script_of_its_own_by_the_report_of_its_key() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script(REPORT, "status:503", target="lookup")
        simulator.script(REPORT, "reset_before")
        assert (await caller.look_up()).status_code == 404
        with pytest.raises(httpx.ReadError):
            await caller.submit()
        assert (await caller.look_up()).status_code == 503
        assert (await caller.look_up()).status_code == 404


async def test_a_refused_document_uses_up_no_fault() -> None:
    async with stand_in() as (simulator, caller):
        simulator.script("*", "status:503")
        assert (await caller.submit(xml="<ZP")).status_code == 422
        assert (await caller.submit()).status_code == 503


MIX = {"status:503": 0.2, "status:429": 0.2, "error_after": {"probability": 0.1, "code": 502}}


async def random_run(seed: int, ids: list[int], **options: Any) -> dict[int, list[int]]:
    """The statuses of six requests for each report, the reports in this order, all at once."""
    async with stand_in() as (simulator, caller):
        simulator.random(seed, MIX, **options)
        runs = await asyncio.gather(*(statuses(caller, id_zp, 6) for id_zp in ids))
    return dict(zip(ids, runs, strict=True))


async def test_random_faults_do_not_depend_on_the_order_of_arrival() -> None:
    ids = list(range(1, 13))
    run = await random_run(7, ids)
    assert run == await random_run(7, ids[::-1])
    assert run != await random_run(8, ids)
    assert {200, 429, 502, 503} == {status for report in run.values() for status in report}


async def test_random_faults_end_after_so_many_for_a_report() -> None:
    run = await random_run(7, list(range(1, 13)), max_faults_per_report=1)
    faults = Counter(sum(status != 200 for status in report) for report in run.values())
    assert max(faults) == 1


def test_random_faults_are_as_frequent_as_the_mix_says() -> None:
    simulator = Simulator()
    simulator.random(1, {"status:503": 0.25})
    drawn = Counter(repr(simulator.plan.next_for(Target.SUBMIT, str(n))) for n in range(4000))
    simulator.book.close()
    assert drawn["Normal()"] / 4000 == pytest.approx(0.75, abs=0.03)


async def test_a_report_with_a_script_is_left_alone_by_the_random_faults() -> None:
    async with stand_in() as (simulator, caller):
        simulator.random(7, {"status:503": 1})
        simulator.script(1)
        assert await statuses(caller, 1, 2) == [200, 200]
        assert await statuses(caller, 2, 2) == [503, 503]


async def test_faults_are_ordered_and_cleared_over_http() -> None:
    order = {
        "script": {str(REPORT): ["status:503", {"fault": "unavailable", "retry_after": 2}]},
        "seed": 7,
        "mix": {"status": {"probability": 1, "code": 502}},
        "max_faults_per_report": 3,
    }
    async with stand_in() as (_, caller):
        assert (await caller.http.post("/_sim/faults", json=order)).status_code == 204
        assert await statuses(caller, REPORT, 1) == [503]
        assert (await caller.submit()).headers["Retry-After"] == "2"
        assert await statuses(caller, 1, 4) == [502, 502, 502, 200]
        assert (await caller.http.delete("/_sim/faults")).status_code == 204
        assert await statuses(caller, 2, 1) == [200]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "script or mix"),
        ([], "object"),
        ({"script": {"1": ["no_such"]}}, "script.1.0: no fault is named 'no_such'"),
        ({"script": {"1": ["reset_after", 5]}}, "script.1.1"),
        ({"script": {"1": [{"fault": "status", "cod": 3}]}}, "script.1.0: cod"),
        ({"script": {"1": ["status:9"]}}, "script.1.0: code"),
        ({"script": {"1": ["normal:9"]}}, "script.1.0: value"),
        ({"script": {"1": "reset_after"}}, "script.1"),
        ({"mix": {"reset_after": 2}}, "mix.reset_after.probability"),
        ({"mix": {"reset_after": {"taken": True}}}, "mix.reset_after.probability"),
        ({"mix": {"reset_after": 0.6, "drip": 0.6}}, "mix"),
        ({"mix": ["reset_after"]}, "mix"),
        ({"mix": {"drip": 0.1}, "seed": "x"}, "seed"),
        ({"mix": {"drip": 0.1}, "max_faults_per_report": -1}, "max_faults_per_report"),
        ({"script": {"1": []}, "target": "door"}, "target"),
        ({"scripts": {}}, "scripts"),
    ],
)
async def test_a_wrong_order_is_refused_with_the_field_named(order: object, field: str) -> None:
    async with stand_in() as (_, caller):
        answer = await caller.http.post("/_sim/faults", json=order)
    assert answer.status_code == 400
    assert field in answer.json()["error"]


@pytest.mark.parametrize("path", ["/_sim/faults", "/_sim/outage"])
async def test_an_order_that_is_not_json_is_refused(path: str) -> None:
    async with stand_in() as (_, caller):
        assert (await caller.http.post(path, content=b"{")).status_code == 400


async def test_an_outage_needs_its_length() -> None:
    async with stand_in() as (_, caller):
        answer = await caller.http.post("/_sim/outage", json={"seconds": -1})
    assert "seconds" in answer.json()["error"]


async def test_a_wrong_script_in_a_test_is_an_error_at_once() -> None:
    async with stand_in() as (simulator, _):
        with pytest.raises(ValidationError, match="no_such"):
            simulator.script(REPORT, "no_such")
