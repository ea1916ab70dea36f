"""The server's certificate: given, or made by itself and known by its fingerprint."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = dt.timedelta(days=10 * 365)


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate as browsers show it: pairs of hexadecimal digits between colons."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return found.fingerprint(hashes.SHA256()).hex(":").upper()


def own_certificate(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """The certificate and key in ``folder``, made at the first start for this machine and ``names``.

    Desks do not trust it for its issuer but for its fingerprint, which they keep when they are enrolled.
    """
    certificate, key = folder / "certificate.pem", folder / "certificate.key"
    if not (certificate.exists() and key.exists()):
        _make(certificate, key, tuple(dict.fromkeys((socket.gethostname(), "localhost", "127.0.0.1", "::1", *names))))
    return certificate, key


def _make(certificate: Path, key_file: Path, names: tuple[str, ...]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Deskline server {names[0]}"[:64])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_file.unlink(missing_ok=True)
    opened = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
