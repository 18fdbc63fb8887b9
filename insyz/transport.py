"""How requests leave this machine: the one place that makes HTTP clients.

What both have in common is what they must not do: follow a redirect (to where a token was never
meant for), keep a cookie, take a proxy or certificates from the environment, or answer for a
certificate that was not verified.
"""

from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from pydantic import SecretStr

from insyz.tls import TlsFiles

MAX_CONNECTIONS = 200
KEEPALIVE_SECS = 2.0
"""From a look-up to its send, and from one report of a batch to the next. Three times a request
httpcore asks each connection that lies idle whether it still lives: after a burst these were fifty,
and a sixth of a worker's time. Servers close them from 5 s on."""
BROKEN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError)
"""All that httpx raises on the way to an answer; what it means depends on what was written."""


@dataclass(frozen=True, slots=True)
class Transport:
    """`proxy`: its address, with credentials or without; none but this is ever used."""

    tls: TlsFiles = field(default_factory=TlsFiles)
    proxy: SecretStr | None = None

    def client(self, *, base_url: str = "", timeout: httpx.Timeout) -> httpx.AsyncClient:
        """An async context manager that owns its connections. Raises TlsFileError."""
        return httpx.AsyncClient(
            base_url=base_url,
            headers={"Accept-Encoding": "identity"},
            timeout=timeout,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECS),
            follow_redirects=False,
            event_hooks={"response": [_leads_nowhere]},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
            verify=self.tls.context(),
            proxy=self.proxy.get_secret_value() if self.proxy else None,
        )


async def _leads_nowhere(response: httpx.Response) -> None:
    """httpx reads where a redirect leads although it does not follow, and fails where it cannot."""
    response.headers.pop("location", None)
