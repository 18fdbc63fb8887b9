"""insyz status: what became of a report."""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("status", help="what became of a report")
    parser.add_argument("id_zp", type=int, metavar="ID_ZP")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.output import answer, answer_json, status_lines
    from starter.statuses import status

    now = await status(args.id_zp)
    if args.json:
        answer_json(now.model_dump(mode="json"))
    else:
        answer(status_lines(now))
    return ExitCode.FAILED if now.state == "rejected" else ExitCode.OK
