"""insyz resolve: decide about a report whose fate nothing else can tell."""

import argparse

from starter.arguments import id_zp
from starter.commands.deciding import add_by
from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "resolve",
        help="decide about a report in phase `needs_decision`",
        description="First look into INSYZ whether the report is there. Then say so: `submitted` "
        "if it is, `resend` to send it (again), `reject` to give it back to its author.",
    )
    parser.add_argument("id_zp", type=id_zp, metavar="ID_ZP")
    parser.add_argument("decision", choices=["submitted", "resend", "reject"])
    add_by(parser, "who decides")
    parser.add_argument("--why", required=True, help="recorded; for `reject` shown to the user")
    parser.add_argument("--receipt", help="for `submitted`: INSYZ's receipt, if you have it")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.interventions import resolve
    from starter.output import tell
    from workflows.contract import Decision, Verdict

    decision = Decision(
        decision=Verdict(args.decision), by=args.by, why=args.why, receipt=args.receipt
    )
    await resolve(args.id_zp, decision)
    tell(f"report {args.id_zp}: {args.decision}, decided by {args.by}")
    return ExitCode.OK
