"""Checks of this machine: the settings it has, and what processes may do on it."""

import asyncio
import shutil
import sys
import tempfile

from insyz.settings import Settings, SettingsError
from starter.commands.submit import WAIT_SECS
from starter.doctor.examination import Check, Concern, Trouble
from starter.doctor.site import Site
from starter.state_dir import VARIABLE, state_dir

MB = 1_000_000
FULL_MB = 200
"""A report takes four to five times its own size (2 to 300 kB) of the embedded server's file, until
its retention is over."""
TIGHT_MB = 2_000


async def settings(site: Site) -> str:
    try:
        site.settings = Settings.load()
    except SettingsError as error:
        raise Trouble("; ".join(str(error).splitlines())) from None
    way = f"delivery {site.settings.insyz_delivery}"
    if site.settings.sql_address is not None:
        way = f"strategy {site.settings.insyz_sql_strategy}"
    return f"INSYZ at {site.settings.insyz_url}, {way}"


async def timeouts(site: Site) -> str:
    """That a request ends before it is within a try, `Settings` itself insists on."""
    request, whole_try = site.settings.insyz_request_secs, site.settings.insyz_try_secs
    seen = f"request {request:g} s, the portal's browser {WAIT_SECS:g} s, try {whole_try:g} s"
    if not request < WAIT_SECS < whole_try:
        raise Trouble(f"{seen}: each must be longer than the one before")
    return seen


async def state_directory(_site: Site) -> str:
    try:
        directory = state_dir()
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise Trouble(str(error)) from None
    return str(directory)


async def disk(_site: Site) -> str:
    free = shutil.disk_usage(state_dir()).free // MB
    seen = f"{free} MB free in {state_dir()}"
    if free < FULL_MB:
        raise Trouble(seen)
    if free < TIGHT_MB:
        raise Concern(seen)
    return seen


async def processes(_site: Site) -> str:
    try:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        code = await child.wait()
    except OSError as error:
        raise Trouble(f"cannot start {sys.executable}: {error}") from None
    if code != 0:
        raise Trouble(f"{sys.executable} left with code {code}")
    return f"{sys.executable} can be started"


CHECKS = (
    Check("settings", settings, "set these variables as the README says, then try again"),
    Check(
        "timeouts",
        timeouts,
        "set INSYZ_REQUEST_SECS (30) and INSYZ_TRY_SECS (60): a request must end before the "
        "portal stops waiting for it, and a try must be dead only after both",
        needs=("settings",),
    ),
    Check(
        "state-directory",
        state_directory,
        f"give this user the right to write there, or name another directory in {VARIABLE}",
    ),
    Check(
        "disk",
        disk,
        "make room: without it the embedded server stops taking reports",
        needs=("state-directory",),
    ),
    Check(
        "processes",
        processes,
        "raise the limits of this user (ulimit -u, TasksMax=): no worker can be started on demand",
    ),
)
