"""A portal's webhook receiver on a real socket, which may be down, slow or answer with errors."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support import free_port

SECRET = "whsec_" + base64.b64encode(b"only-for-tests-only-for-tests").decode()


@dataclass
class Receiver:
    """Answers with the statuses of `answers`, one each, and then with 204."""

    port: int = field(default_factory=free_port)
    answers: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Every message that arrived and was signed by us: its id and its body."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        message_id = request.headers["webhook-id"]
        signed = f"{message_id}.{request.headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if not hmac.compare_digest(request.headers["webhook-signature"], f"v1,{expected}"):
            return web.Response(status=403)
        self.messages.append((message_id, json.loads(body)))
        if self.delays:
            await asyncio.sleep(self.delays.pop(0))
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_post("/hook", self.handle)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()
