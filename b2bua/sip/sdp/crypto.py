"""Keys of SRTP in session descriptions: a=crypto (RFC 4568, RFC 6188).

One master key each way, as long as the stream lives. A line with what we do not know is
passed over, as if it were not there (§6.3, §7.1.2): another suite, several keys, a master
key identifier, a parameter that changes how packets are sealed. A lifetime (§6.1) binds who
gave it: whoever seals with the key must change it in time, and may by a new offer.
"""

import base64
import binascii
import enum
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha512
from typing import Final

import msgspec

SUITES: Final[Mapping[str, int]] = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_256_CM_HMAC_SHA1_32": 46,
}
"""Each with the bytes of its key and salt."""

OFFERED: Final = (
    "AES_CM_128_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
"""In our order of preference: the one that all the world has first."""


class Srtp(enum.Enum):
    """Whether the audio of a leg is sealed."""

    NEVER = "never"
    """Keys are passed over, and who insists on them is refused."""
    OPTIONAL = "optional"
    """As the far end likes; our offers leave the choice (RFC 8643)."""
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Secrecy:
    """The policy of a leg, and what its own keys are derived from."""

    srtp: Srtp = Srtp.NEVER
    master: bytes = field(default=b"", repr=False)

    def crypto(self, tag: int, suite: str) -> "Crypto":
        """Our key for a suite: always the same, and another for each suite."""
        key = hmac.digest(self.master, suite.encode(), sha512)[: SUITES[suite]]
        return Crypto(tag=tag, suite=suite, key=base64.b64encode(key).decode())


class Crypto(msgspec.Struct, frozen=True, kw_only=True):
    """One a=crypto line that can be used."""

    tag: int
    suite: str
    """One of :data:`SUITES`."""
    key: str
    """Key and salt, in Base64."""

    def __repr__(self) -> str:
        return f"Crypto(tag={self.tag}, suite={self.suite!r}, …)"

    @property
    def octets(self) -> bytes:
        """Key and salt."""
        return base64.b64decode(self.key)

    @property
    def line(self) -> str:
        """The value of the attribute."""
        return f"{self.tag} {self.suite} inline:{self.key}"


def parse_crypto(value: str) -> Crypto | None:
    """Read the value of a=crypto (§9.1); None if the line cannot be used."""
    tag, suite, parameters, *session = [*value.split(), "", "", ""][: 3 + 16]
    method, colon, inline = parameters.partition(":")
    if not (tag.isascii() and tag.isdigit() and len(tag) <= 9 and colon):
        return None
    suite = suite.upper()
    if suite not in SUITES or method.lower() != "inline" or ";" in inline:
        return None
    if any(one and not _is_harmless(one) for one in session):
        return None
    text, *rest = inline.split("|")
    if any(":" in part for part in rest):
        return None
    key = _decoded(text)
    if len(key) != SUITES[suite]:
        return None
    return Crypto(tag=int(tag), suite=suite, key=base64.b64encode(key).decode())


def _is_harmless(parameter: str) -> bool:
    """A session parameter (§6.3) that changes nothing, or may be passed over."""
    return parameter.startswith("-") or parameter.upper().startswith("WSH=")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
