"""Child processes that never outlive the demo."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

GRACE_SECS = 8.0


@asynccontextmanager
async def running(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`command` as a child: SIGTERM at the end of the block, SIGKILL if that is not enough.

    In a session of its own, so that a terminal's Ctrl-C reaches only the demo, which then ends its
    children in order. stdout is readable, stderr goes to the file `log`.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), GRACE_SECS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def announced(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The line of JSON by which a child says that it is ready."""
    assert process.stdout is not None  # noqa: S101 (opened by `running`)
    line = await process.stdout.readline()
    announcement: dict[str, Any] = json.loads(line)
    return announcement


def port(preferred: int) -> int:
    """`preferred` if it is free, else one that is."""
    for candidate in (preferred, 0):
        with socket.socket() as one, suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", candidate))
            found: int = one.getsockname()[1]
            return found
    raise OSError("no free port on 127.0.0.1")
