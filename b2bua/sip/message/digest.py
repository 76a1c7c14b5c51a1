"""Digest challenges and credentials: RFC 7616, with the algorithms of RFC 8760.

The client's side: read every challenge, choose the strongest that we know, answer it. A
challenge is untrusted text: its size and number are bounded, and whether it deserves an
answer at all (which trunk, which realm, which direction) is the caller's decision.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Response
from b2bua.sip.message.scanner import format_quoted, parse_quoted, split

MAX_CHALLENGES: Final = 8
MAX_CHALLENGE: Final = 2048
"""Characters in one challenge."""

Algorithm: TypeAlias = Literal["SHA-512-256", "SHA-256", "MD5"]

_Hash: TypeAlias = Callable[[str], str]


def _md5(text: str) -> str:
    return hashlib.md5(_octets(text), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(_octets(text)).hexdigest()


def _sha512_256(text: str) -> str:
    return hashlib.new("sha512_256", _octets(text)).hexdigest()


def _octets(text: str) -> bytes:
    """The bytes as they were on the wire, UTF-8 or not."""
    return text.encode("utf-8", "surrogateescape")


_HASHES: Final[Mapping[Algorithm, _Hash]] = {
    "SHA-512-256": _sha512_256,
    "SHA-256": _sha256,
    "MD5": _md5,
}
"""The strongest first."""

_ALGORITHMS: Final[Mapping[str, tuple[Algorithm, bool]]] = {
    **{name.upper(): (name, False) for name in _HASHES},
    **{f"{name}-sess".upper(): (name, True) for name in _HASHES},
}

_CREDENTIALS_FIELD: Final = {
    "WWW-Authenticate": "Authorization",
    "Proxy-Authenticate": "Proxy-Authorization",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One Digest challenge that we could answer (RFC 7616 §3.3)."""

    field: str
    """The header field that answers it: Authorization or Proxy-Authorization."""
    realm: str
    nonce: str
    algorithm: Algorithm = "MD5"
    session: bool = False
    """The ``-sess`` variant."""
    qop: str = ""
    """``auth``, or ``auth-int`` if that alone is taken; empty: the form of RFC 2069."""
    opaque: str | None = None
    stale: bool = False
    """Only the nonce was too old: the same secret may be tried once more."""
    hides_name: bool = False
    """``userhash``: our name may be sent as its hash (§3.4.4)."""


def parse_challenges(response: Response) -> tuple[Challenge, ...]:
    """Every challenge of a 401 or 407 that we know how to answer, the strongest first.

    Schemes, algorithms and qualities that we do not know are passed over (RFC 7616 §3.3).
    Raises :class:`MalformedMessage` on what cannot be read.
    """
    lines = [
        (field, line)
        for name, field in _CREDENTIALS_FIELD.items()
        for line in response.headers.all(name)
    ]
    if len(lines) > MAX_CHALLENGES or any(len(line) > MAX_CHALLENGE for _, line in lines):
        raise MalformedMessage("Too Many Challenges")
    challenges = [
        challenge
        for field, line in lines
        if (challenge := _parse_challenge(field, line)) is not None
    ]
    strength = list(_HASHES)
    return tuple(sorted(challenges, key=lambda one: strength.index(one.algorithm)))


def answer(  # noqa: PLR0913 (all of it is hashed)
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str,
    nonce_count: int = 1,
    body: bytes = b"",
) -> str:
    """The credentials for a request, as the value of ``challenge.field`` (§3.4).

    ``nonce_count`` counts the requests sent with this nonce, from 1; ``cnonce`` is a fresh
    random token.
    """
    digest = _HASHES[challenge.algorithm]
    count = f"{nonce_count:08x}"
    secret = digest(f"{username}:{challenge.realm}:{password}")
    if challenge.session:
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}")
    about = f"{method}:{uri}"
    if challenge.qop == "auth-int":
        about += ":" + digest(body.decode("utf-8", "surrogateescape"))
    middle = f"{count}:{cnonce}:{challenge.qop}:" if challenge.qop else ""
    proof = digest(f"{secret}:{challenge.nonce}:{middle}{digest(about)}")
    if challenge.hides_name:
        username = digest(f"{username}:{challenge.realm}")
    parts = [
        f"username={format_quoted(username)}",
        f"realm={format_quoted(challenge.realm)}",
        f"nonce={format_quoted(challenge.nonce)}",
        f"uri={format_quoted(uri)}",
        f'response="{proof}"',
        f"algorithm={challenge.algorithm}{'-sess' * challenge.session}",
    ]
    if challenge.qop or challenge.session:
        parts.append(f"cnonce={format_quoted(cnonce)}")
    if challenge.qop:
        parts += [f"qop={challenge.qop}", f"nc={count}"]
    if challenge.hides_name:
        parts.append("userhash=true")
    if challenge.opaque is not None:
        parts.append(f"opaque={format_quoted(challenge.opaque)}")
    return "Digest " + ", ".join(parts)


def digest_of(algorithm: Algorithm, text: str) -> str:
    """The hash of an algorithm, in hexadecimal digits."""
    return _HASHES[algorithm](text)


def parse_credentials(line: str) -> dict[str, str] | None:
    """The parts of one Authorization value; None if it is not Digest (§3.4).

    Raises :class:`MalformedMessage` on what cannot be read.
    """
    if len(line) > MAX_CHALLENGE:
        raise MalformedMessage("Credentials Too Long")
    scheme, _, rest = line.partition(" ")
    return _parse_parts(split(rest, ",")) if scheme.lower() == "digest" else None


def _parse_challenge(field: str, line: str) -> Challenge | None:
    scheme, _, rest = line.partition(" ")
    if scheme.lower() != "digest":
        return None
    parts = _parse_parts(split(rest, ","))
    known = _ALGORITHMS.get(parts.get("algorithm", "MD5").upper())
    qualities = [word.strip().lower() for word in parts.get("qop", "").split(",")]
    qop = next((one for one in ("auth", "auth-int") if one in qualities), "")
    if known is None or ("qop" in parts and not qop):
        return None
    if "realm" not in parts or "nonce" not in parts:
        raise MalformedMessage("Challenge Without Realm or Nonce")
    return Challenge(
        field=field,
        realm=parts["realm"],
        nonce=parts["nonce"],
        algorithm=known[0],
        session=known[1],
        qop=qop,
        opaque=parts.get("opaque"),
        stale=parts.get("stale", "").lower() == "true",
        hides_name=parts.get("userhash", "").lower() == "true",
    )


def _parse_parts(pieces: Iterable[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in pieces:
        if not piece:
            continue
        name, equals, value = piece.partition("=")
        name, value = name.strip(" \t").lower(), value.strip(" \t")
        if not equals or not name or name in parts:
            raise MalformedMessage("Bad Challenge")
        parts[name] = parse_quoted(value) if value[:1] == '"' else value
    return parts
