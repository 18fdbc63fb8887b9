"""Which host a certificate is for."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytds.tls
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

import insyz.sql_driver  # noqa: F401 (puts it there)
from insyz.sql_tls import certifies

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(common_name: str, *others: str) -> crypto.X509:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
    )
    if others:
        names = x509.SubjectAlternativeName([general(other) for other in others])
        builder = builder.add_extension(names, critical=False)
    return crypto.X509.from_cryptography(builder.sign(KEY, hashes.SHA256()))


def general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("sql01.kct.cz", ["SQL01.kct.cz"]),
        ("SQL01", ["sql01"]),
        ("sql01.kct.cz", ["any", "SQL01.kct.cz"]),
        ("sql01.kct.cz", ["any", "other.cz", "*.kct.cz"]),
        ("10.0.0.5", ["any", "10.0.0.5"]),
    ],
)
def test_a_certificate_is_for_the_hosts_that_it_names(host: str, names: list[str]) -> None:
    assert certifies(certificate(*names), host.encode())


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("ql01.kct.cz", ["SQL01.kct.cz"]),
        ("ql01.kct.cz", ["any", "SQL01.kct.cz"]),
        ("sql01.kct.cz", ["sql01.kct.cz", "other.cz"]),
        ("a.sql01.kct.cz", ["any", "*.kct.cz"]),
        ("kct.cz", ["any", "*.kct.cz"]),
        ("kct.cz", ["any", "*.cz"]),
        ("10.0.0.5", ["any", "10.0.0.6"]),
        ("sql01.kct.cz", ["any", "10.0.0.5"]),
    ],
)
def test_a_certificate_is_for_no_other_host(host: str, names: list[str]) -> None:
    assert not certifies(certificate(*names), host.encode())


def test_the_driver_asks_this_check_and_not_its_own() -> None:
    assert pytds.tls.validate_host is certifies
