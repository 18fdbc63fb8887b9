"""insyz server: Temporal for a site on one machine."""

import argparse

from starter.arguments import port, whole
from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "server",
        help="run Temporal on this machine (SIGTERM ends it)",
        description="Temporal's dev server, tuned and durable, with its state in temporal.db in "
        "INSYZ_STATE_DIR (default: systemd's STATE_DIRECTORY, else the user's state directory). "
        "Prepares the namespace each time. Temporal asks nobody who they are: leave --ip alone "
        "unless a firewall or a proxy does.",
    )
    parser.add_argument("--ip", default="127.0.0.1", help="to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port, default=7233, help="gRPC (default: %(default)s)")
    parser.add_argument("--http-port", type=port, default=7243, help="HTTP (default: %(default)s)")
    parser.add_argument(
        "--ui-port",
        type=whole(0, 65_535),
        default=8233,
        help="Web UI, 0 for none (default: %(default)s)",
    )
    parser.add_argument("--codec-endpoint", metavar="URL", help="of the Web UI's codec server")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.server import Endpoints, serve
    from starter.state_file import state_file

    at = Endpoints(
        args.ip, args.port, args.ui_port or None, args.http_port, codec_url=args.codec_endpoint
    )
    await serve(at, state_file())
    return ExitCode.OK
