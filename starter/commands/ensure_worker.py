"""insyz ensure-worker: start the on-demand worker if no worker serves the queue."""

import argparse

from starter.exit_codes import ExitCode
from starter.worker_limits import ON_DEMAND, Limits, add_options


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "ensure-worker",
        help="start a worker on this machine if none serves the queue",
        description="Returns when a worker polls. The worker it starts is detached, gets this "
        "process's environment, and leaves by itself.",
    )
    parser.add_argument(
        "--if-pending",
        action="store_true",
        help="only if a report has something to do now (for cron, each minute)",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    add_options(parser, ON_DEMAND)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.connection import connect
    from starter.demand import is_pending
    from starter.on_demand import ensure_worker
    from starter.output import answer, answer_json

    client = await connect()
    if args.if_pending and not await is_pending(client):
        answer_json({"pending": False}) if args.json else answer("nothing is pending")
        return ExitCode.OK
    ensured = await ensure_worker(client, limits=Limits.of(args))
    if args.json:
        answer_json({"pid": ensured.pid or None, "started": ensured.started})
    else:
        answer(f"{'started a worker' if ensured.started else 'a worker polls'}, pid {ensured.pid}")
    return ExitCode.OK
