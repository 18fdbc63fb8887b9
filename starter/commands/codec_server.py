"""insyz codec-server: payloads for the Web UI and the temporal CLI."""

import argparse
from ipaddress import ip_address
from urllib.parse import urlsplit

from starter.arguments import port
from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "codec-server",
        help="let the Web UI and the temporal CLI show payloads (SIGTERM ends it)",
        description="Decodes payloads with INSYZ_PAYLOAD_KEYS for whoever shows the bearer token "
        "in INSYZ_CODEC_TOKEN (or INSYZ_CODEC_TOKEN_FILE): temporal … --codec-endpoint "
        "http://127.0.0.1:8234 --codec-auth 'Bearer …'. The Web UI shows no token of ours: for it, "
        "a proxy in front has to know who asks.",
    )
    parser.add_argument(
        "--ip", type=_ip, default="127.0.0.1", help="to listen on (default: %(default)s)"
    )
    parser.add_argument("--port", type=port, default=8234, help="(default: %(default)s)")
    parser.add_argument(
        "--origin",
        type=_origin,
        default="http://localhost:8233",
        help="the Web UI's, the only page that may ask (default: %(default)s)",
    )
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="ask nobody who they are, for a proxy does (OIDC) and nobody else gets here; needed "
        "to listen elsewhere than on loopback, because it also has to speak TLS",
    )
    parser.add_argument(
        "--encode",
        action="store_true",
        help="encode, too: temporal workflow start, query, signal and update need it",
    )
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.codec_server.access import Access
    from starter.codec_server.serving import CodecServerError, bearer_token, serve

    if not args.behind_proxy and not ip_address(args.ip).is_loopback:
        raise CodecServerError("--ip: without --behind-proxy only loopback, for want of TLS")
    token = None if args.behind_proxy else bearer_token()
    await serve(args.ip, args.port, Access(args.origin, token), encode=args.encode)
    return ExitCode.OK


def _ip(text: str) -> str:
    return str(ip_address(text))


def _origin(text: str) -> str:
    """As a browser writes it: no path, no `*`."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != text:
        raise argparse.ArgumentTypeError("must be like http://localhost:8233")
    if not parts.hostname or "@" in text:
        raise argparse.ArgumentTypeError("must name a host and nothing else")
    return text
