"""Whom a certificate speaks for: RFC 5922 §7.

A subject alternative name that is a SIP URI without a user names a domain, and so does a
DNS name (§7.1); the common name counts only where there is neither. Wildcards stand for
nobody (§7.2). Departs from §7.1: an address among the names answers for that address, as
trunks are often known by nothing else. A fingerprint, ``sha256:`` and 64 digits, answers
for the one certificate that it is of.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from b2bua.core.address import ip_literal
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.uri import SipUri, parse_uri

FINGERPRINT: Final = "sha256:"
_DIGITS: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the far end of a connection has proved of itself."""

    names: tuple[str, ...]
    """Domains in lower case, and addresses."""
    fingerprint: str
    """``sha256:`` and 64 digits."""

    def speaks_for(self, wanted: str) -> bool:
        """Whether it is the certificate of ``wanted``: a domain, address or fingerprint."""
        plain = normalized(wanted)
        return plain == self.fingerprint or plain in self.names


def certificate(
    *,
    uris: Iterable[str],
    domains: Iterable[str],
    addresses: Iterable[str],
    common_name: str,
    fingerprint: str,
) -> Certificate:
    """A certificate by what is written in it."""
    names = [host for uri in uris if (host := _domain_of(uri))]
    names += [domain for domain in domains if "*" not in domain]
    if not names and common_name and "*" not in common_name:
        names = [common_name]
    names += addresses
    return Certificate(tuple(dict.fromkeys(map(normalized, names))), fingerprint)


def normalized(name: str) -> str:
    """The one way to write a domain, an address or a fingerprint."""
    plain = name.strip().lower().rstrip(".")
    if plain.startswith(FINGERPRINT):
        return FINGERPRINT + plain.removeprefix(FINGERPRINT).replace(":", "")
    try:
        return str(ip_literal(plain.strip("[]")))
    except ValueError:
        return plain


def is_fingerprint(name: str) -> bool:
    """Whether ``name`` is a well-formed fingerprint."""
    plain = normalized(name)
    digits = plain.removeprefix(FINGERPRINT)
    return plain.startswith(FINGERPRINT) and _DIGITS.fullmatch(digits) is not None


def _domain_of(uri: str) -> str:
    """The host of a SIP URI that names a domain and nobody in it; else nothing."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return ""
    if not isinstance(parsed, SipUri) or parsed.user or parsed.scheme != "sip":
        return ""
    return parsed.host
