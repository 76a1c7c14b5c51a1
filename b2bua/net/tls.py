"""TLS for SIP: contexts, the certificate of our own, and what a peer has proved.

Names are not left to OpenSSL, which would take wildcards and knows no SIP URI: the chain is
verified there, and whom the certificate speaks for in ``sip.transport.identity``. What is
trusted is a file of authorities, or of single certificates, which then need none.
"""

import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from b2bua.core.errors import B2buaError
from b2bua.sip.transport import identity

LIFETIME: Final = timedelta(days=10 * 365)
RENEW_BEFORE: Final = timedelta(days=30)
_SKEW: Final = timedelta(hours=1)
"""A far end's clock may be behind ours."""


class UnusableCertificate(B2buaError):
    """A certificate, a key or a file of authorities cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """For accepting, and for connecting."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Credential:
    """Files in PEM: a certificate with its chain, and its key."""

    certificate: Path
    key: Path


def contexts(
    credential: Credential, *, trusted: str, ask: bool, show: bool = True
) -> TlsContexts:
    """Both contexts; ``trusted`` is a file, or empty for the system's authorities.

    ``ask``: want a certificate of those who connect; who has none may come all the same.
    ``show`` ours where we connect and are asked: who does not know it lets us in no more.

    Raises :class:`UnusableCertificate`.
    """
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context, purpose in (
            (server, ssl.Purpose.CLIENT_AUTH),
            (client, ssl.Purpose.SERVER_AUTH),
        ):
            if show or context is server:
                context.load_cert_chain(credential.certificate, credential.key)
            context.check_hostname = False
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
            if trusted:
                context.load_verify_locations(trusted)
            else:
                context.load_default_certs(purpose)
    except (OSError, ValueError) as error:
        where = trusted or credential.certificate
        raise UnusableCertificate(f"sip.tls: {where}: {error}") from error
    server.verify_mode = ssl.CERT_OPTIONAL if ask else ssl.CERT_NONE
    client.verify_mode = ssl.CERT_REQUIRED
    return TlsContexts(server, client)


def proved(connection: ssl.SSLObject) -> identity.Certificate | None:
    """What the far end's certificate says, None if it showed none that was verified."""
    data = connection.getpeercert(binary_form=True)
    if not data or not connection.getpeercert():
        return None
    return read(x509.load_der_x509_certificate(data))


def read(shown: x509.Certificate) -> identity.Certificate:
    """Whom a certificate speaks for."""
    try:
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    common = shown.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return identity.certificate(
        uris=names.get_values_for_type(x509.UniformResourceIdentifier),
        domains=names.get_values_for_type(x509.DNSName),
        addresses=[str(one) for one in names.get_values_for_type(x509.IPAddress)],
        common_name=str(common[0].value) if common else "",
        fingerprint=identity.FINGERPRINT + shown.fingerprint(hashes.SHA256()).hex(),
    )


def load(path: Path) -> x509.Certificate:
    """The first certificate of a file. Raises :class:`UnusableCertificate`."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableCertificate(f"{path}: {error}") from error


def own_credential(directory: Path, hosts: Iterable[str], now: datetime) -> Credential:
    """The certificate that we made ourselves, made now if there is none that is good.

    It speaks for ``hosts``, addresses and names. Raises :class:`UnusableCertificate`.
    """
    credential = Credential(directory / "certificate.pem", directory / "key.pem")
    wanted = tuple(map(identity.normalized, dict.fromkeys(hosts)))
    if not _is_good(credential, wanted, now):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(credential, wanted, now)
        except OSError as error:
            raise UnusableCertificate(f"{directory}: {error.strerror}") from error
    return credential


def _is_good(credential: Credential, wanted: tuple[str, ...], now: datetime) -> bool:
    if not (credential.certificate.exists() and credential.key.exists()):
        return False
    shown = load(credential.certificate)
    known = read(shown)
    lasts = shown.not_valid_after_utc - now > RENEW_BEFORE
    return lasts and all(known.speaks_for(host) for host in wanted)


def _make(credential: Credential, hosts: tuple[str, ...], now: datetime) -> None:
    """A key and a certificate signed with it; the old ones stay until both are there."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0][:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(list(map(_name, hosts))), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    for path, data in ((credential.key, secret), (credential.certificate, public)):
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as output:
            output.write(data)
        fresh.replace(path)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
