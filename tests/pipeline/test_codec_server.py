"""`insyz codec-server`: who may read, what, and what the `temporal` CLI makes of it."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.codec_server.http import MAX_BODY_BYTES
from starter.exit_codes import ExitCode
from starter.payloads import PipelineCodec
from starter.payloads.compression import compressed
from tests.searching import found
from tests.support import INSYZ, a_report, free_port, insyz_command, temporal_cli
from workflows.contract import workflow_id

KEY = b"1" * 32
TOKEN = "only-for-tests-of-the-codec"
UI = "http://localhost:8233"
AUTHORISED = {"authorization": f"Bearer {TOKEN}"}
REFUSAL = "Hrabánek není v evidenci značkařů"


@pytest.fixture(autouse=True)
def keyed(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSYZ_PAYLOAD_KEYS", "k1:" + base64.b64encode(KEY).decode())
    monkeypatch.setenv("INSYZ_CODEC_TOKEN", TOKEN)


@asynccontextmanager
async def codec_server(*options: str) -> AsyncIterator[str]:
    """Its address, once it answers; ends it as an operator does."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = await asyncio.create_subprocess_exec(
        INSYZ,
        *("codec-server", "--port", str(port), *options),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    assert process.stderr is not None
    try:
        ready = await asyncio.wait_for(process.stderr.readline(), 30)
        assert url in ready.decode(), ready
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        yield client


def json_payload(text: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())


async def encrypted(payload: Payload, key_id: str = "k1") -> Payload:
    (there,) = await PipelineCodec({key_id: KEY}).encode([payload])
    return there


def body(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def payloads(answer: httpx.Response) -> list[Payload]:
    assert answer.status_code == 200, answer.text
    return [*ParseDict(answer.json(), Payloads()).payloads]


async def test_whoever_shows_the_token_gets_payloads_decoded(http: httpx.AsyncClient) -> None:
    plain = [json_payload("Jan Novák"), json_payload("a" * 100_000)]
    async with codec_server() as url:
        there = body(*[await encrypted(one) for one in plain], plain[0])
        answer = await http.post(f"{url}/decode", json=there, headers=AUTHORISED)
        assert payloads(answer) == [*plain, plain[0]]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": TOKEN},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer \xe9"},
    ],
)
async def test_without_the_token_nothing_is_told(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    async with codec_server() as url:
        raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        there = body(await encrypted(json_payload("Jan Novák")))
        for path in ("/decode", "/encode", "/"):
            answer = await http.post(f"{url}{path}", json=there, headers=raw)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_web_ui_may_read_and_no_other_page(http: httpx.AsyncClient) -> None:
    there = body(await encrypted(json_payload("Jan Novák")))
    asks = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-namespace",
    }
    async with codec_server() as url:
        for origin in ("http://localhost:8234", "http://evil.example", "null", f"{UI}/", ""):
            headers = {**AUTHORISED, "origin": origin}
            for answer in (
                await http.post(f"{url}/decode", json=there, headers=headers),
                await http.options(f"{url}/decode", headers=headers | asks),
            ):
                assert answer.status_code == 403
                assert "access-control-allow-origin" not in answer.headers
        preflight = await http.options(f"{url}/decode", headers={"origin": UI, **asks})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == UI
        assert {*preflight.headers["access-control-allow-headers"].split(", ")} == {
            *asks["access-control-request-headers"].split(",")
        }
        answer = await http.post(f"{url}/decode", json=there, headers={**AUTHORISED, "origin": UI})
        assert payloads(answer) == [json_payload("Jan Novák")]
        assert answer.headers["access-control-allow-origin"] == UI
        assert "access-control-allow-credentials" not in answer.headers


async def test_behind_a_proxy_nobody_is_asked_and_its_cookies_may_come_along(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSYZ_CODEC_TOKEN")
    async with codec_server("--behind-proxy", "--origin", "https://temporal.example") as url:
        headers = {"origin": "https://temporal.example"}
        there = body(await encrypted(json_payload("Jan Novák")))
        answer = await http.post(f"{url}/decode", json=there, headers=headers)
        assert payloads(answer) == [json_payload("Jan Novák")]
        assert answer.headers["access-control-allow-credentials"] == "true"
        refused = await http.post(f"{url}/decode", json=there, headers={"origin": UI})
        assert refused.status_code == 403


async def test_only_decoding_is_offered_unless_asked_for(http: httpx.AsyncClient) -> None:
    there = body(json_payload("Jan Novák"))
    async with codec_server() as url:
        answer = await http.post(f"{url}/encode", json=there, headers=AUTHORISED)
        assert answer.status_code == 404
    async with codec_server("--encode") as url:
        answer = await http.post(f"{url}/encode", json=there, headers=AUTHORISED)
        (encoded,) = payloads(answer)
        assert encoded.metadata["encryption-key-id"] == b"k1"
        again = await http.post(f"{url}/decode", json=body(encoded), headers=AUTHORISED)
        assert payloads(again) == [json_payload("Jan Novák")]


async def test_a_missing_key_is_named(http: httpx.AsyncClient) -> None:
    async with codec_server() as url:
        there = body(await encrypted(json_payload("Jan Novák"), "k9"))
        answer = await http.post(f"{url}/decode", json=there, headers=AUTHORISED)
    assert answer.status_code == 400
    assert "'k9'" in answer.json()["message"]


async def test_what_is_no_request_of_the_protocol_is_answered_in_a_word(
    http: httpx.AsyncClient,
) -> None:
    large = Payload(data=bytes(15_000_000))
    as_json = AUTHORISED | {"content-type": "application/json"}
    async with codec_server() as url:
        for content, status in (
            (b"", 400),
            (b'{"payloads": 7}', 400),
            (b'{"payloads": [{"data": "not base64!"}]}', 400),
            (b"\xff\xfe", 400),
            (b"[" * 100_000, 400),
            (b" " * (MAX_BODY_BYTES + 1), 413),
            (json.dumps(body(*[compressed(large)] * 3)).encode(), 413),
        ):
            answer = await http.post(f"{url}/decode", content=content, headers=as_json)
            assert answer.status_code == status, (content[:40], answer.text[:200])
        assert (await http.get(f"{url}/decode", headers=AUTHORISED)).status_code == 405
        answer = await http.post(f"{url}/decode", content=b"{}", headers=AUTHORISED)
        assert answer.status_code == 415


async def raw(url: str, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(sent)
    await writer.drain()
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_garbage_on_the_wire_ends_nothing(http: httpx.AsyncClient) -> None:
    async with codec_server() as url:
        assert b" 400 " in await raw(url, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert b" 431 " in await raw(url, b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"b" * 40_000)
        assert await raw(url, b"") == b""
        assert await raw(url, b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n") == b""
        there = body(json_payload("still there"))
        answer = await http.post(f"{url}/decode", json=there, headers=AUTHORISED)
        assert payloads(answer) == [json_payload("still there")]


async def test_without_a_token_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for token, says in (("", "INSYZ_CODEC_TOKEN: not set"), ("short", "16 printable")):
        monkeypatch.setenv("INSYZ_CODEC_TOKEN", token)
        ran = await insyz_command("codec-server")
        assert ran.code == ExitCode.INVALID
        assert says in ran.stderr


@pytest.mark.parametrize(
    "options",
    [["--origin", "*"], ["--origin", "http://localhost:8233/"], ["--ip", "192.0.2.1"]],
    ids=" ".join,
)
async def test_it_is_open_to_nobody_by_accident(options: list[str]) -> None:
    assert (await insyz_command("codec-server", *options)).code == ExitCode.INVALID


async def test_a_token_may_stand_in_a_file(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n", encoding="ascii")
    monkeypatch.delenv("INSYZ_CODEC_TOKEN")
    monkeypatch.setenv("INSYZ_CODEC_TOKEN_FILE", str(file))
    async with codec_server() as url:
        answer = await http.post(f"{url}/decode", json=body(), headers=AUTHORISED)
        assert payloads(answer) == []


@pytest.mark.usefixtures("worker")
async def test_the_temporal_cli_shows_an_encrypted_run_with_it(
    client: Client, insyz: Simulator
) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("status", code=422, message=REFUSAL))
    await wait_for_result(await submit(report, client=client), 20)
    there = ("--workflow-id", workflow_id(report["id_zp"]))
    texts = {REFUSAL, "Vyměněna směrovka.", report["cislo_zp"]}
    show = ("workflow", "show", *there, "--output", "json")
    assert found((await temporal_cli(*show)).encode(), texts) <= {report["cislo_zp"]}
    async with codec_server() as url:
        with_token = ("--codec-endpoint", url, "--codec-auth", f"Bearer {TOKEN}")
        assert found((await temporal_cli(*show, *with_token)).encode(), texts) == texts
    # Whoever asks something sends payloads, too, if only none.
    async with codec_server("--encode") as url:
        with_token = ("--codec-endpoint", url, "--codec-auth", f"Bearer {TOKEN}")
        asked = await temporal_cli("workflow", "query", *there, "--type", "status", *with_token)
        assert REFUSAL in asked
