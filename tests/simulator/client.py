"""What the simulator's tests share: a report, and somebody who sends it over a real socket."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from simulator.server import Simulator

REPORT = 53773


def document(id_zp: int = REPORT, text: str = "Žluťoučký kůň") -> str:
    """A small report's XML."""
    return f'<ZP id_zp="{id_zp}" cislo_zp="S/BN/O/26012"><Koment_Usek>{text}</Koment_Usek></ZP>'


def key_of(id_zp: int) -> str:
    """The submission key that a report goes under unless a test says otherwise."""
    return f"key-of-{id_zp}"


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait, two seconds at most, until something holds."""
    for _ in range(400):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to hold")


class Caller:
    """Speaks to INSYZ as the pipeline does, without its care."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def submit(
        self,
        id_zp: int = REPORT,
        *,
        key: str | None = None,
        xml: str | None = None,
        uzivatel: str = "1955",
        **options: Any,
    ) -> httpx.Response:
        """Send a report once."""
        body = {"xml_data": document(id_zp) if xml is None else xml, "uzivatel": uzivatel}
        headers = {"Idempotency-Key": f'"{key or key_of(id_zp)}"'}
        return await self.http.post(
            "/api/insyz/submit-report", content=json.dumps(body), headers=headers, **options
        )

    async def look_up(self, id_zp: int = REPORT) -> httpx.Response:
        """Ask whether the report was taken."""
        return await self.http.get(f"/api/insyz/submissions/{key_of(id_zp)}")

    async def health(self) -> httpx.Response:
        """Ask whether INSYZ is there."""
        return await self.http.get("/api/insyz/health")


@asynccontextmanager
async def calling(url: str, token: str = "") -> AsyncIterator[Caller]:
    """A caller with connections of its own."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # Without certificates to load, a client is there in a tenth of the time.
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=5, verify=no_tls) as http:
        yield Caller(http)


@asynccontextmanager
async def stand_in(**options: Any) -> AsyncIterator[tuple[Simulator, Caller]]:
    """A simulator, and a caller whom it lets in."""
    async with (
        Simulator(**options) as simulator,
        calling(simulator.url, options.get("token") or "") as caller,
    ):
        yield simulator, caller
