"""insyz submit-many: hand a whole batch of reports to the pipeline."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from starter.batch import Checked


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "submit-many",
        help="submit all reports of a folder or of a file",
        description="Checks all reports, then submits the valid ones. May be repeated: what is "
        "running or submitted already is counted and left alone, what has failed starts anew.",
    )
    parser.add_argument(
        "batch",
        type=Path,
        metavar="DIR|FILE.jsonl",
        help="a folder, all *.json in the order of their names; or a file, one report a line",
    )
    parser.add_argument("--dry-run", action="store_true", help="check them and submit none")
    parser.add_argument(
        "--submitted-by", type=int, metavar="INT_ADR", help="who pressed the button, for all"
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.batch import check
    from starter.bulk_output import answer_summary
    from starter.output import tell
    from starter.progress import progress

    with progress("checking") as done:
        checked = check(args.batch, args.submitted_by, done)
    if args.dry_run:
        code = ExitCode.OK
        answer_summary(_as_json(checked), as_json=args.json)
    else:
        code = await _submit(args, checked)
    for where, problems in checked.invalid.items():
        for problem in problems:
            tell(f"{where}: {problem}")
    return ExitCode.INVALID if checked.invalid and code is not ExitCode.UNREACHABLE else code


async def _submit(args: argparse.Namespace, checked: "Checked") -> ExitCode:
    from starter.batch_submission import submit_each
    from starter.bulk import Tally
    from starter.bulk_output import conclude
    from starter.connection import TemporalUnreachableError
    from starter.progress import progress

    tally, stopped = Tally(), None
    try:
        with progress("submitting", len(checked.valid)) as done:
            await submit_each(args.batch, checked, args.submitted_by, tally, done)
    except TemporalUnreachableError as error:
        stopped = error
    return conclude(
        tally, len(checked.valid), as_json=args.json, besides=_as_json(checked), stopped=stopped
    )


def _as_json(checked: "Checked") -> dict[str, Any]:
    return {
        "valid": len(checked.valid),
        "repeated": len(checked.repeated),
        "invalid": {
            where: [{"field": problem.field, "message": problem.message} for problem in problems]
            for where, problems in checked.invalid.items()
        },
    }
