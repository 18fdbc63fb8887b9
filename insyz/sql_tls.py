"""Whether a certificate is that of the host that was asked for (RFC 6125)."""

import ipaddress
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID


def certifies(cert: Any, name: bytes) -> bool:
    """Whether `cert`, an OpenSSL.crypto.X509, is for the host `name`; both are called so by pytds.

    The subject's common name counts only where no other name is given, as in the certificates that
    SQL Server makes for itself.
    """
    known = cert.to_cryptography()
    host = name.decode("ascii")
    try:
        others = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        subject = known.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return any(_names(str(one.value), host) for one in subject)
    try:
        return ipaddress.ip_address(host) in others.get_values_for_type(x509.IPAddress)
    except ValueError:
        return any(_names(one, host) for one in others.get_values_for_type(x509.DNSName))


def _names(pattern: str, host: str) -> bool:
    """A star stands for the whole of the first label, in a domain of at least two others."""
    pattern, host = pattern.lower(), host.lower()
    domain = pattern.removeprefix("*.")
    if domain != pattern and "." in domain:
        return host.partition(".")[2] == domain
    return pattern == host
