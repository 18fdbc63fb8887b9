"""Leaving when asked to."""

import asyncio
import signal


def leave_on_signals() -> asyncio.Event:
    """Is set by SIGTERM or SIGINT, which then end nothing by themselves."""
    leave = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    return leave
