"""TLS as we do it to INSYZ and to the webhook: always verified, never below version 1.2.

Nothing here, and no setting, turns the verification off; nor does the environment, whose
SSL_CERT_FILE and the like are not asked.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi

CA, CERT, KEY = "CA_FILE", "CLIENT_CERT_FILE", "CLIENT_KEY_FILE"


class TlsFileError(Exception):
    """A certificate or key cannot be used: why. `file`: which, as the end of its variable."""

    def __init__(self, file: str, why: str) -> None:
        self.file = file
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: `ca` instead of the generally trusted authorities; `certificate` and `key` (which
    may be in one file) to show who we are."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises TlsFileError."""
        context = _verifying(self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            _show(context, self.certificate, self.key)
        elif self.key is not None:
            raise TlsFileError(KEY, f"is of no use without {CERT}")
        return context

    def check(self) -> None:
        """Raises TlsFileError. Costs nothing where no file is named."""
        if self != TlsFiles():
            self.context()


def _verifying(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or certifi.where())
    except (OSError, ValueError) as error:
        raise TlsFileError(CA, _plain(error)) from None


def _show(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    for file, path in ((CERT, certificate), (KEY, key)):
        if path is not None and not path.is_file():
            raise TlsFileError(file, "no such file")
    try:
        # With a password, even an empty one, a locked key is refused instead of asked for.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise TlsFileError(CERT, f"cannot be used with its key: {_plain(error)}") from None


def _plain(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate in PEM format").lower().replace("_", " ")
    return getattr(error, "strerror", None) or str(error)
