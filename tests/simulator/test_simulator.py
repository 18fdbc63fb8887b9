"""The stand-in does what the contract says INSYZ does, in each of its three kinds."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from simulator.book import Book, KeyReusedError, Submission
from tests.simulator.client import REPORT, document, eventually, key_of, stand_in


def submission(key: str = "key", id_zp: int = REPORT, text: str = "") -> Submission:
    return Submission(key, id_zp, "S/BN/O/26012", "1955", document(id_zp, text))


async def test_a_report_is_taken_and_then_found_under_its_key() -> None:
    async with stand_in() as (_, caller):
        answer = (await caller.submit()).json()
        found = (await caller.look_up()).json()
    assert answer["success"] is True
    assert answer["message"] == "Hlášení přijato"
    assert answer["result"]["receipt"] == "INSYZ-000001"
    assert found == answer["result"]
    assert (found["key"], found["id_zp"]) == (key_of(REPORT), REPORT)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(found["submitted_at"])).seconds < 5


@pytest.mark.parametrize("delivery", ["lookup", "blind"])
async def test_a_report_sent_twice_is_taken_twice_because_insyz_does_not_deduplicate(
    delivery: str,
) -> None:
    async with stand_in(delivery=delivery) as (simulator, caller):
        await caller.submit()
        await caller.submit()
        assert simulator.stats()["duplicates"] == {REPORT: 2}


async def test_an_idempotent_gateway_takes_a_key_once_even_when_all_tries_come_together() -> None:
    async with stand_in(delivery="idempotent", latency=0.01) as (simulator, caller):
        answers = await asyncio.gather(*(caller.submit() for _ in range(20)))
        assert {answer.json()["result"]["receipt"] for answer in answers} == {"INSYZ-000001"}
        assert simulator.stats()["taken"] == 1


async def test_an_idempotent_gateway_refuses_a_known_key_with_another_document() -> None:
    async with stand_in(delivery="idempotent") as (simulator, caller):
        await caller.submit(key="one")
        answer = await caller.submit(key="one", xml=document(text="jinak"))
        assert answer.status_code == 422
        assert "another document" in answer.json()["error"]
        assert simulator.stats()["taken"] == 1


async def test_a_look_up_of_an_unknown_key_says_which_key_is_unknown() -> None:
    async with stand_in() as (_, caller):
        answer = await caller.look_up()
    assert answer.status_code == 404
    assert answer.json()["key"] == key_of(REPORT)
    assert answer.json()["error"]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_blind_gateway_has_no_look_up(status: int) -> None:
    async with stand_in(delivery="blind", blind_answer=status) as (_, caller):
        await caller.submit()
        answer = await caller.look_up()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_insyz_says_that_it_is_well() -> None:
    async with stand_in() as (_, caller):
        assert (await caller.health()).json() == {"status": "ok"}


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic right", "Bearer právě"])
async def test_a_wrong_token_opens_neither_submission_nor_look_up(header: str) -> None:
    async with stand_in(token="right") as (simulator, caller):
        caller.http.headers = httpx.Headers({"Authorization": header}, encoding="utf-8")
        for answer in (await caller.submit(), await caller.look_up()):
            assert answer.status_code == 401
            assert "Authentication" in answer.json()["error"]
        assert simulator.stats()["taken"] == 0


async def test_the_right_token_opens() -> None:
    async with stand_in(token="right") as (_, caller):
        assert (await caller.submit()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Idempotency-Key": "bare"}, {"Idempotency-Key": '""'}, {"Idempotency-Key": '"a" "b"'}],
)
async def test_a_key_that_is_no_quoted_string_is_refused(headers: dict[str, str]) -> None:
    async with stand_in() as (simulator, caller):
        body = {"xml_data": document(), "uzivatel": "1955"}
        answer = await caller.http.post("/api/insyz/submit-report", json=body, headers=headers)
        assert answer.status_code == 400
        assert "Idempotency-Key" in answer.json()["error"]
        assert simulator.stats()["taken"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<ZP/>", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b'{"xml_data": "<ZP/>"}', 422),
        (b'{"xml_data": "<ZP/>", "uzivatel": 1955}', 422),
    ],
)
async def test_a_body_of_another_shape_is_refused(body: bytes, status: int) -> None:
    async with stand_in() as (_, caller):
        answer = await caller.http.post(
            "/api/insyz/submit-report", content=body, headers={"Idempotency-Key": '"key"'}
        )
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("", "XML parse error"),
        ("<ZP", "XML parse error"),
        ('<?xml version="1.0" encoding="windows-1250"?>' + document(), "encoding windows-1250"),
        ("<!DOCTYPE ZP>" + document(), "document type"),
        ('<!DOCTYPE ZP [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + document(text="&e;"), "type"),
        (document(text="\ud800"), "XML parse error"),
        ('<Hlaseni id_zp="1" cislo_zp="S"/>', "<Hlaseni>"),
        ('<ZP xmlns="urn:x" id_zp="1" cislo_zp="S"/>', "root"),
        ('<ZP cislo_zp="S"/>', "id_zp"),
        ('<ZP id_zp="0" cislo_zp="S"/>', "id_zp"),
        ('<ZP id_zp="99999999999999999999" cislo_zp="S"/>', "id_zp"),
        ('<ZP id_zp="1"/>', "cislo_zp"),
        (document(text="Dobře \U0001f600"), "U+1F600 v elementu <Koment_Usek>"),
        (document(text="Dobře &#128512;"), "U+1F600 v elementu <Koment_Usek>"),
        (document(text='<a b="ñ"/>'), "U+00F1 v elementu <a>"),
        (document(text="<a/>→"), "U+2192 v elementu <Koment_Usek>"),
        (document(text="<!-- -->→"), "U+2192 v elementu <Koment_Usek>"),
    ],
)
async def test_insyz_refuses_a_document_that_it_cannot_store(xml: str, reason: str) -> None:
    async with stand_in() as (simulator, caller):
        answer = await caller.submit(xml=xml)
        assert answer.status_code == 422
        assert reason in answer.json()["error"]
        assert simulator.stats()["taken"] == 0


@pytest.mark.parametrize("uzivatel", ["", "Novák", "19.5", "١٩"])
async def test_insyz_refuses_a_user_that_is_no_number(uzivatel: str) -> None:
    async with stand_in() as (_, caller):
        answer = await caller.submit(uzivatel=uzivatel)
    assert answer.status_code == 422
    assert "uzivatel" in answer.json()["error"]


@pytest.mark.parametrize(
    "xml",
    [
        '<?xml version="1.0" encoding="utf-8"?>' + document(),
        "\ufeff" + document(),
        document(text="„Příliš“ – — • … € § ľščťžýáíé\n&lt;&#169;"),
        document(text="<!-- → -->"),
    ],
)
async def test_insyz_takes_what_fits_windows_1250(xml: str) -> None:
    async with stand_in() as (_, caller):
        assert (await caller.submit(xml=xml)).status_code == 200


async def test_the_record_is_made_at_the_end_of_insyzs_own_working_time() -> None:
    async with stand_in(latency=0.1) as (simulator, caller):
        answer = asyncio.create_task(caller.submit())
        await eventually(lambda: bool(simulator.requests))
        assert simulator.stats()["taken"] == 0
        await answer
        assert simulator.stats()["taken"] == 1


async def test_a_request_that_breaks_off_takes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with stand_in() as (simulator, caller):
        url = caller.http.base_url
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(
            b"POST /api/insyz/submit-report HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await caller.submit()).status_code == 200
        assert simulator.stats()["taken"] == 1
    assert not caplog.records


async def test_a_test_can_see_the_requests_and_that_their_connection_was_kept() -> None:
    async with stand_in(token="right") as (simulator, caller):
        await caller.submit()
        await caller.look_up()
        await caller.http.get("/_sim/stats")
        submitted, looked_up = simulator.requests
    assert (submitted.method, submitted.path) == ("POST", "/api/insyz/submit-report")
    assert submitted.headers["authorization"] == "Bearer right"
    assert document().encode()[:20].replace(b'"', b'\\"') in submitted.body
    assert looked_up.target == "lookup"
    assert looked_up.client_port == submitted.client_port != 0


async def test_the_book_can_be_read_over_http() -> None:
    async with stand_in() as (_, caller):
        for id_zp in (1, 2, 2):
            await caller.submit(id_zp)
        await caller.look_up(1)
        stats = (await caller.http.get("/_sim/stats")).json()
        records = (await caller.http.get("/_sim/submissions")).json()
        with_xml = (await caller.http.get("/_sim/submissions?id_zp=2&xml=1")).json()
        refused = await caller.http.get("/_sim/submissions?id_zp=two")
    assert stats == {
        "taken": 3,
        "reports": 2,
        "duplicates": {"2": 2},
        "requests": {"submit": 3, "lookup": 1, "health": 0},
    }
    assert [record["id_zp"] for record in records] == [1, 2, 2]
    assert set(records[0]) == {"receipt", "key", "id_zp", "cislo_zp", "uzivatel", "submitted_at"}
    assert [record["xml"] for record in with_xml] == [document(2)] * 2
    assert refused.status_code == 400


def test_threads_that_bring_the_same_key_get_the_same_record() -> None:
    book = Book(deduplicates=True)
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda _: book.take(submission()), range(200)))
    assert set(records) == {book.find("key")}
    book.close()


def test_a_deduplicating_book_minds_a_known_key_with_another_document() -> None:
    book = Book(deduplicates=True)
    book.take(submission(text="a"))
    with pytest.raises(KeyReusedError):
        book.take(submission(text="b"))
    book.close()


def test_a_key_is_found_with_its_first_record() -> None:
    book = Book()
    first, _ = book.take(submission()), book.take(submission())
    assert book.find("key") == first
    book.close()


def test_a_book_goes_on_in_its_file(tmp_path: Path) -> None:
    for count in (1, 2):
        book = Book(tmp_path / "insyz.sqlite3")
        assert book.take(submission()).receipt == f"INSYZ-00000{count}"
        assert book.stats()["taken"] == count
        book.close()


def test_a_closed_book_takes_nothing() -> None:
    book = Book()
    book.close()
    with pytest.raises(sqlite3.ProgrammingError):
        book.take(submission())
