"""insyz xml: the document that would be sent."""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "xml", help="the XML that would be sent for a report, warnings on stderr"
    )
    parser.add_argument("file", metavar="FILE|-", help="the report as JSON; - reads stdin")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from datetime import UTC, datetime

    from insyz.document import build_xml
    from insyz.report import Report
    from starter.output import answer, tell
    from starter.reading import read_report

    document = build_xml(Report.parse(read_report(args.file)), submitted_at=datetime.now(UTC))
    for warning in document.warnings:
        tell(f"warning: {warning}")
    answer(document.xml)
    return ExitCode.OK
