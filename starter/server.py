"""The embedded server in the foreground: started, prepared, watched, and ended cleanly."""

import asyncio
import os
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from starter.connection import TemporalUnreachableError, connect
from starter.embedded import LOOPBACK, ServerError, prepare, server_command
from starter.output import tell
from starter.signals import leave_on_signals
from starter.state_file import note_holder, sole_use

START_SECS = 30.0
STOP_SECS = 20.0
"""A server stops within 2 s; one that does not is killed, which loses nothing."""
ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 (to tell, not to bind)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the server listens; `ui_port` None: without the Web UI, which decodes payloads at
    `codec_url`."""

    ip: str
    port: int
    ui_port: int | None
    http_port: int
    codec_url: str | None = None

    @property
    def address(self) -> str:
        """Where this machine reaches it."""
        return f"{LOOPBACK if self.ip in ANYWHERE else self.ip}:{self.port}"


async def serve(at: Endpoints, db_file: Path) -> None:
    """Runs the server on `db_file` until SIGTERM or SIGINT.

    Raises ServerError or StateFileError, also when the server ends by itself.
    """
    leave = leave_on_signals()
    command = server_command(
        db_file=db_file,
        ip=at.ip,
        port=at.port,
        ui_port=at.ui_port,
        http_port=at.http_port,
        namespace=os.environ.get("TEMPORAL_NAMESPACE") or None,
        codec_url=at.codec_url,
    )
    with sole_use(db_file) as lock:
        _check_free(at)
        async with _running(command, lock) as process:
            await _prepared_and_left(at, db_file, process, leave)
    tell("the server has ended")


async def _prepared_and_left(
    at: Endpoints, db_file: Path, process: Process, leave: asyncio.Event
) -> None:
    preparing = asyncio.create_task(_prepare(at, db_file))
    ending = {asyncio.create_task(process.wait()), asyncio.create_task(leave.wait())}
    await asyncio.wait({preparing, *ending}, return_when=asyncio.FIRST_COMPLETED)
    if preparing.done():
        preparing.result()
        await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
    preparing.cancel()
    if not leave.is_set():
        raise ServerError(f"the server ended by itself, with code {process.returncode}")


async def _prepare(at: Endpoints, db_file: Path) -> None:
    client = await _when_up(at)
    await prepare(client, db_file)
    ui = "" if at.ui_port is None else f", Web UI http://{at.ip}:{at.ui_port}"
    tell(f"Temporal is ready at {at.address}, state in {db_file}{ui}")
    _tell_systemd("READY=1")


async def _when_up(at: Endpoints) -> Client:
    try:
        async with asyncio.timeout(START_SECS):
            while True:
                with suppress(TemporalUnreachableError):
                    return await connect(address=at.address)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ServerError(f"the server does not answer {START_SECS:g} s after its start") from None


@asynccontextmanager
async def _running(command: list[str], lock: int) -> AsyncIterator[Process]:
    """In a session of its own: a terminal's Ctrl-C comes to us, who then end it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=(lock,),
        start_new_session=True,
    )
    note_holder(lock, process.pid)
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _check_free(at: Endpoints) -> None:
    """Before the server is started, which would name neither the port nor the way out."""
    options = {"--port": at.port, "--ui-port": at.ui_port, "--http-port": at.http_port}
    for option, port in options.items():
        if port is None:
            continue
        try:
            with socket.create_server((at.ip, port)):
                pass
        except OSError as error:
            raise ServerError(
                f"cannot listen on {at.ip}:{port}: {error.strerror}; another with {option}"
            ) from None


def _tell_systemd(state: str) -> None:
    """sd_notify(3), where a unit of `Type=notify` has started us."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(state.encode(), address.replace("@", "\0", 1))
