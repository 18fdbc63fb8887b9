"""insyz show: the whole story of one report."""

import argparse
from typing import TYPE_CHECKING

from insyz.secret_files import is_given
from starter.arguments import id_zp
from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from insyz.store import StoredReport
    from starter.story import Event, Story


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "show",
        help="the whole story of one report",
        description="All its runs, tries, waits and decisions in the order of time, with the "
        "portal's own history where REPORTS_DATABASE_URL is set. Needs no worker.",
    )
    parser.add_argument("id_zp", type=id_zp, metavar="ID_ZP")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.connection import connect
    from starter.output import answer_json, answer_table, tell
    from starter.statuses import UnknownReportError
    from starter.story import story

    stored = await _stored(args.id_zp)
    told = await story(args.id_zp, client=await connect(), table=stored.history if stored else ())
    if not told.runs and stored is None:
        raise UnknownReportError(f"no submission of report {args.id_zp} is known")
    cislo_zp = stored.cislo_zp if stored else next((run.cislo_zp for run in told.runs), None)
    if args.json:
        answer_json({"id_zp": args.id_zp, "cislo_zp": cislo_zp} | _plain(told))
        return ExitCode.OK
    answer_table(("when", "run", "what", "", "who"), (_row(event) for event in told.events))
    if told.earlier:
        tell(f"{told.earlier} earlier runs are left out")
    return ExitCode.OK


async def _stored(id_zp: int) -> "StoredReport | None":
    """The portal's own row, where its database is known here."""
    if not is_given("REPORTS_DATABASE_URL"):
        return None
    from starter.stored import portal_store

    async with portal_store() as store:
        return await store.by_id_zp(id_zp)


def _row(event: "Event") -> tuple[str, ...]:
    from starter.periods import moment

    number = "" if event.run is None else str(event.run)
    words = f"{event.text} ({event.why})" if event.why else event.text
    what = event.kind if event.attempt is None else f"{event.kind} {event.attempt}"
    return moment(event.at), number, what, words, event.by or ""


def _plain(told: "Story") -> "dict[str, object]":
    return {
        "runs": [
            {
                "run_id": run.run_id,
                "status": run.status.name.lower(),
                "started": run.started.isoformat(),
                "closed": run.closed.isoformat() if run.closed else None,
            }
            for run in told.runs
        ],
        "earlier": told.earlier,
        "events": [event.model_dump(mode="json", exclude_none=True) for event in told.events],
    }
