"""insyz worker: the same as `python worker.py`."""

import argparse

from starter.exit_codes import ExitCode
from starter.worker_limits import Limits, add_options


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("worker", help="run the worker (SIGTERM drains it)")
    add_options(parser)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from worker import run_worker

    return await run_worker(Limits.of(args))
