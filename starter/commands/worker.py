"""insyz worker: the same as `python worker.py`."""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("worker", help="run the worker (SIGTERM drains it)")
    parser.set_defaults(run=run)


async def run(_args: argparse.Namespace) -> ExitCode:
    from worker import run_worker

    return await run_worker()
