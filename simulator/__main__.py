"""`python -m simulator`: INSYZ as a process of its own.

stdout gets one line of JSON when it listens: {"url": "http://127.0.0.1:41234", "pid": 4711}.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from simulator.gateway import Delivery
from simulator.order import FaultOrder, describe
from simulator.server import REQUEST_LOG, Simulator

EXIT_CANNOT_START = 1
"""The port is taken, or the file cannot be used. argparse itself ends a wrong call with 2."""

_EXAMPLES = """\
examples:
  python -m simulator --port 8080 --db insyz.sqlite3 --verbose
  echo '{"script": {"*": ["reset_after"]}}' | python -m simulator --faults -
  curl -d '{"seed": 7, "mix": {"reset_after": 0.1, "status:503": 0.1}}' URL/_sim/faults
  curl URL/_sim/stats
"""
_ORDERS = TypeAdapter(list[FaultOrder])


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.verbose:
        REQUEST_LOG.addHandler(logging.StreamHandler())
        REQUEST_LOG.setLevel(logging.INFO)
    try:
        asyncio.run(_serve(options))
    except (OSError, OverflowError, sqlite3.Error) as error:
        parser.exit(EXIT_CANNOT_START, f"{parser.prog}: cannot start: {error}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A stand-in for INSYZ over real HTTP, with faults on demand.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="IPv4 address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on (default: a free one)")
    add("--db", default=":memory:", metavar="FILE", help="keep what was taken in this SQLite file")
    add(
        "--delivery",
        choices=[kind.value for kind in Delivery],
        default=Delivery.LOOKUP.value,
        metavar="KIND",
        help="kind of gateway: idempotent, lookup or blind (default: %(default)s)",
    )
    add(
        "--blind-answer",
        type=int,
        choices=(404, 405, 501),
        default=404,
        help="status of a look-up at a blind gateway (default: %(default)s)",
    )
    add(
        "--token",
        default=os.environ.get("SIMULATOR_TOKEN") or None,
        help="bearer token to insist on (default: none) [env: SIMULATOR_TOKEN]",
    )
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="work so long on each")
    add(
        "--faults",
        type=_orders,
        default=[],
        metavar="FILE",
        help="JSON of what POST /_sim/faults takes, or a list of it; - for stdin",
    )
    add("--verbose", action="store_true", help="log one line per request to stderr")
    return parser


def _orders(file: str) -> list[FaultOrder]:
    """The orders in `file`, for argparse: it shows what an ArgumentTypeError says."""
    try:
        content = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text("utf-8"))
        return _ORDERS.validate_python(content if isinstance(content, list) else [content])
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{file}: {describe(error)}") from error
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{file}: {error}") from error


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulator = Simulator(
        delivery=options.delivery,
        token=options.token,
        db=options.db,
        host=options.host,
        port=options.port,
        latency=options.latency,
        blind_answer=options.blind_answer,
        keep_requests=False,
    )
    async with simulator:
        for order in options.faults:
            simulator.plan.obey(order)
        sys.stdout.write(json.dumps({"url": simulator.url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
