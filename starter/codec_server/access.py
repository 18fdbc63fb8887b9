"""Who may ask the codec server, and which web page's scripts may read its answers."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

ASKED_HEADERS = "authorization, content-type, x-namespace"
PREFLIGHT_SECS = 600


@dataclass(frozen=True, slots=True)
class Access:
    """`token`: what a caller has to show; None behind a proxy, which knows who asks. `origin`: that
    of the Web UI."""

    origin: str
    token: str | None = field(repr=False)

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether whoever sent `headers` (names in lower case) shows the token."""
        if self.token is None:
            return True
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(shown.strip().encode(), self.token.encode())
        return right and scheme.lower() == "bearer"

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether it comes from no web page, or from the Web UI."""
        return headers.get("origin", self.origin) == self.origin

    def cross_origin(self) -> dict[str, str]:
        """Response headers by which a browser lets the Web UI read an answer, and no other page."""
        allowed = {"access-control-allow-origin": self.origin, "vary": "Origin"}
        # A proxy knows its users by a cookie.
        credentials = {"access-control-allow-credentials": "true"} if self.token is None else {}
        return allowed | credentials

    def preflight(self) -> dict[str, str]:
        """Response headers to the question that a browser asks first."""
        return self.cross_origin() | {
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": ASKED_HEADERS,
            "access-control-max-age": str(PREFLIGHT_SECS),
        }
