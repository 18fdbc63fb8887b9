"""insyz open: what is under way, and what it waits for."""

import argparse

from starter.arguments import count
from starter.exit_codes import ExitCode

LIMIT = 100


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "open",
        help="the submissions under way, what each waits for and until when",
        description="Those open longest in front. Needs no worker.",
    )
    parser.add_argument("--limit", type=count, default=LIMIT, help=f"how many (default {LIMIT})")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from pydantic_core import to_jsonable_python

    from starter.connection import connect
    from starter.open_submissions import open_submissions
    from starter.output import answer_json, answer_table, tell
    from starter.periods import moment

    found = await open_submissions(await connect(), limit=args.limit)
    if args.json:
        answer_json(to_jsonable_python(found))
        return ExitCode.OK
    answer_table(
        ("id_zp", "order", "phase", "waits for", "until", "open since", "tries", "last error"),
        (
            (
                str(one.id_zp or ""),
                one.cislo_zp or "",
                one.phase or "?",
                one.waits_for,
                moment(one.until),
                moment(one.since),
                str(one.tries),
                one.last_error or "",
            )
            for one in found.shown
        ),
    )
    if found.more:
        tell(f"and {found.more} more; see --limit")
    if found.shown and not found.workers:
        tell("no worker serves the queue: start one with: insyz worker")
    return ExitCode.OK
