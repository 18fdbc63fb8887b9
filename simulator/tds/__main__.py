"""`python -m simulator.tds`: INSYZ's SQL Server as a process of its own.

stdout gets one line of JSON when it listens: {"url": "mssql://portal@127.0.0.1:41234/INSYZ",
"control": "http://127.0.0.1:41235", "pid": 4711}.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys

from simulator.tds.server import TdsSimulator
from simulator.tds.session import STATEMENT_LOG

EXIT_CANNOT_START = 1
"""A port is taken, or the file cannot be used. argparse itself ends a wrong call with 2."""
PASSWORD = "SIMULATOR_PASSWORD"  # noqa: S105 (a variable's name)

_EXAMPLES = """\
examples:
  SIMULATOR_PASSWORD=heslo python -m simulator.tds --port 1433 --db insyz.sqlite3 --verbose
  curl -d '{"script": {"53773": ["error:1205", "reset_after"]}}' CONTROL/_sim/faults
  curl CONTROL/_sim/stats
"""


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.password:
        parser.error(f"{PASSWORD} is not set")
    if options.verbose:
        STATEMENT_LOG.addHandler(logging.StreamHandler())
        STATEMENT_LOG.setLevel(logging.INFO)
    try:
        asyncio.run(_serve(options))
    except (OSError, OverflowError, sqlite3.Error) as error:
        parser.exit(EXIT_CANNOT_START, f"{parser.prog}: cannot start: {error}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator.tds",
        description="A stand-in for INSYZ's SQL Server, with faults on demand. "
        f"The password of its user comes from {PASSWORD}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port to listen on (default: a free one)")
    add("--control-port", type=int, default=0, help="HTTP port for /_sim (default: a free one)")
    add("--db", default=":memory:", metavar="FILE", help="keep what was taken in this SQLite file")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="work so long on each")
    add("--lock", type=float, default=15.0, metavar="SECONDS", help="submissions wait so long")
    add("--ask", type=float, default=5.0, metavar="SECONDS", help="questions wait so long")
    add("--verbose", action="store_true", help="log one line per statement to stderr")
    parser.set_defaults(password=os.environ.get(PASSWORD))
    return parser


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulator = TdsSimulator(
        password=options.password,
        db=options.db,
        port=options.port,
        control_port=options.control_port,
        latency=options.latency,
        lock_secs=options.lock,
        ask_secs=options.ask,
    )
    async with simulator:
        ready = {"url": simulator.url, "control": simulator.control_url, "pid": os.getpid()}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
