"""Takes the screenshots of docs/images: `python -m demo.screenshots` (needs Debian's chromium)."""

import asyncio
import base64
import json
import os
import sys
import tempfile
from pathlib import Path

import aiohttp
import httpx

from demo.__main__ import ROOT, Stack, follow, started_stack, submit_samples
from demo.processes import port, running
from insyz.payload_keys import KEY_BYTES, VARIABLE
from starter.process import run_and_exit
from starter.submission import submit
from workflows.contract import workflow_id

IMAGES = ROOT / "docs" / "images"
OUTAGE = {"script": {"53776": [{"fault": "status", "code": 503, "retry_after": 900}]}}
SETTLE_SECS = 8
CODEC_PORT = 8234
REFUSED = 53774

CHROMIUM = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-port=0",
]  # fmt: skip


async def take() -> int:
    """The list of submissions, and the details of one that waits."""
    with tempfile.TemporaryDirectory() as folder:
        async with started_stack(Path(folder) / "state") as stack:
            await follow(stack, await submit_samples(stack))
            waiting = await submit_one_that_waits(stack)
            await asyncio.sleep(SETTLE_SECS)
            pages = f"{stack.web_ui}/namespaces/default/workflows"
            await screenshot(pages, "list.png", width=1500, height=620)
            await screenshot(f"{pages}/{waiting}", "details.png", width=1500, height=1000)
    await take_encrypted()
    return 0


async def take_encrypted() -> None:
    """The history of an encrypted submission, which the codec server lets the page show."""
    os.environ[VARIABLE] = f"demo:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"
    codec_port = port(CODEC_PORT)
    with tempfile.TemporaryDirectory() as folder:
        codec_url = f"http://127.0.0.1:{codec_port}"
        async with started_stack(Path(folder) / "state", codec_url=codec_url) as stack:
            command = [sys.executable, "-m", "starter", "codec-server", "--behind-proxy",
                       "--port", str(codec_port), "--origin", stack.web_ui]  # fmt: skip
            async with running(command, log=Path(folder) / "codec.log"):
                submitted = await submit_samples(stack)
                await follow(stack, submitted)
                page = f"{stack.web_ui}/namespaces/default/workflows/{workflow_id(REFUSED)}"
                await screenshot(page, "codec.png", width=1500, height=1000)


async def submit_one_that_waits(stack: Stack) -> str:
    report = json.loads((ROOT / "samples" / "dobre.json").read_text(encoding="utf-8"))
    report |= {"id_zp": 53776, "cislo_zp": "S/BN/O/26015", "report_id": 19}
    async with httpx.AsyncClient(trust_env=False) as insyz:
        (await insyz.post(f"{stack.insyz}/_sim/faults", json=OUTAGE)).raise_for_status()
    await submit(report, client=stack.client)
    return workflow_id(53776)


async def screenshot(url: str, name: str, *, width: int, height: int) -> None:
    """What the page shows some seconds after it was opened; it never stops loading by itself."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder)
        command = [*CHROMIUM, f"--user-data-dir={profile}", f"--window-size={width},{height}", url]
        async with running(command, log=profile / "log"):
            await asyncio.sleep(SETTLE_SECS)
            port = (profile / "DevToolsActivePort").read_text().splitlines()[0]
            picture = await picture_of_the_page(f"http://127.0.0.1:{port}")
    (IMAGES / name).write_bytes(picture)


async def picture_of_the_page(devtools: str) -> bytes:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{devtools}/json/list") as answer:
            pages = [one for one in await answer.json() if one["type"] == "page"]
        async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as page:
            await page.send_json({"id": 1, "method": "Page.captureScreenshot"})
            while (message := await page.receive_json()).get("id") != 1:
                pass
    return base64.b64decode(message["result"]["data"])


if __name__ == "__main__":
    run_and_exit(lambda: asyncio.run(take()))
