"""insyz doctor: is all that the pipeline needs there and well?"""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "doctor",
        help="check all that the pipeline needs, and say what to do",
        description="Looks at settings, Temporal, worker, INSYZ and the portal's database, and "
        "submits nothing. Takes 15 s at most. Exit code 1 when a check has failed; a warning is "
        "no failure. For the worker's host, with the worker's environment.",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="only these checks, and those that they need",
    )
    parser.add_argument(
        "--worker",
        choices=["always", "here", "on-demand"],
        default="always",
        help="fails when no worker polls (default), when none on this host does, or when none "
        "does and a report needs one",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.doctor.examination import chosen, examine
    from starter.doctor.report import CHECKS, as_json, healthy, rows
    from starter.doctor.site import Site, Workers
    from starter.output import answer_json, answer_table, tell

    try:
        checks = chosen(CHECKS, args.only) if args.only else CHECKS
    except LookupError as error:
        tell(f"insyz doctor: {error.args[0]}")
        return ExitCode.INVALID
    findings = await examine(checks, Site(Workers(args.worker)))
    if args.json:
        answer_json(as_json(findings))
    else:
        answer_table(("check", "", "seen"), rows(findings))
    return ExitCode.OK if healthy(findings) else ExitCode.FAILED
