"""The processor's time, which says more than the clock on a machine that others use as well."""

import os
from contextlib import suppress

import psutil


def seconds_used() -> float:
    """By the server and the workers so far: all our descendants but INSYZ's simulator."""
    return sum(_seconds(child) for child in psutil.Process(os.getpid()).children(recursive=True))


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        if "simulator" not in process.cmdline():
            times = process.cpu_times()
            return float(times.user + times.system)
    return 0.0
