"""insyz schema: the JSON Schema of a report."""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("schema", help="the JSON Schema of a report")
    parser.set_defaults(run=run)


async def run(_args: argparse.Namespace) -> ExitCode:
    import json

    from insyz.report import Report
    from starter.output import answer

    answer(json.dumps(Report.model_json_schema(), ensure_ascii=False, indent=2))
    return ExitCode.OK
