"""The server's side of digest: who may call in a trunk's name, or register a phone.

RFC 7616, with SHA-256 before MD5 (RFC 8760 §2.4). A nonce says when and for which host it
was made and proves that we made it, so nothing is kept for those who are only asked. What
is kept is how far each nonce that was answered has been counted: a count that does not
grow is a replay (§3.4), and a nonce without ``qop`` is good for once. That memory is
bounded: what falls out of it takes every nonce along that is as old.
"""

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.message.digest import Algorithm, digest_of, parse_credentials
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request
from b2bua.sip.message.scanner import format_quoted

LIFETIME: Final = 300.0
"""Seconds in which a nonce may be used."""
REMEMBERED: Final = 20_000
"""Nonces whose count is kept at most."""
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("SHA-256", "MD5")
_KNOWN: Final[Mapping[str, Algorithm]] = {name.upper(): name for name in ALGORITHMS}
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may be let in: H(name:realm:password) for each algorithm."""

    name: str
    md5: str = field(repr=False)
    sha256: str = field(repr=False)


NOBODY: Final = Account(name="", md5="0" * 32, sha256="0" * 64)
"""In whose place an unknown name is checked, so that both take as long."""


@dataclass(frozen=True, slots=True)
class Proved:
    """The request is from who has this account."""

    account: Account


@dataclass(frozen=True, slots=True)
class Unproved:
    """It is not known whose request this is."""

    tried: bool
    """There were credentials for our realm, and they are wrong."""
    stale: bool = False
    """They are right but for the nonce: too old, used, or not of this process (§3.3)."""


Proof: TypeAlias = Proved | Unproved


class Authenticator:
    """Makes challenges, and judges what answers them."""

    def __init__(self, realm: str, tokens: Tokens) -> None:
        self.realm = realm
        self._tokens = tokens
        self._secret = (tokens.token() + tokens.token()).encode()
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._forgotten = -1
        """Milliseconds: nonces as old as this are stale."""

    def __len__(self) -> int:
        """How many nonces are remembered."""
        return len(self._counts)

    def challenges(
        self, host: str, now: Instant, *, stale: bool = False
    ) -> list[tuple[str, str]]:
        """Header fields that ask ``host`` who it is, the strongest algorithm first."""
        nonce = self._nonce(round(now * 1000), self._tokens.token(), host)
        again = ", stale=true" if stale else ""
        return [
            (
                "WWW-Authenticate",
                f"Digest realm={format_quoted(self.realm)}, nonce={format_quoted(nonce)},"
                f' algorithm={algorithm}, qop="auth"{again}',
            )
            for algorithm in ALGORITHMS
        ]

    def judge(
        self, request: Request, host: str, accounts: Mapping[str, Account], now: Instant
    ) -> Proof:
        """Whose request it is, by its Authorization fields for our realm."""
        for line in request.headers.all("Authorization"):
            try:
                parts = parse_credentials(line)
            except MalformedMessage:
                return Unproved(tried=True)
            if parts is not None and parts.get("realm") == self.realm:
                return self._judge(request, parts, host, accounts, now)
        return Unproved(tried=False)

    def _judge(
        self,
        request: Request,
        parts: Mapping[str, str],
        host: str,
        accounts: Mapping[str, Account],
        now: Instant,
    ) -> Proof:
        algorithm = _KNOWN.get(parts.get("algorithm", "MD5").upper())
        nonce = parts.get("nonce", "")
        if algorithm is None or not nonce or parts.get("uri") != request.uri:
            return Unproved(tried=True)
        account = accounts.get(parts.get("username", ""), NOBODY)
        wanted = _response(request.method, parts, account, algorithm)
        given = parts.get("response", "").lower().encode("utf-8", "replace")
        if not hmac.compare_digest(wanted.encode(), given) or account is NOBODY:
            return Unproved(tried=True)
        if not self._fresh(nonce, host, now) or not self._count(nonce, parts):
            return Unproved(tried=True, stale=True)
        return Proved(account)

    def _fresh(self, nonce: str, host: str, now: Instant) -> bool:
        """Whether we made it for this host, and not too long ago."""
        made = self._made(nonce, host)
        if made is None:
            return False
        return self._forgotten < made and now * 1000 - made <= LIFETIME * 1000

    def _count(self, nonce: str, parts: Mapping[str, str]) -> bool:
        """Count the use of a nonce; False for one that was there already."""
        used = self._counts.get(nonce, 0)
        count = int(parts["nc"], 16) if parts.get("qop") else 1
        if count <= used:
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        while len(self._counts) > REMEMBERED:
            oldest, _ = self._counts.popitem(last=False)
            self._forgotten = max(self._forgotten, int(oldest.split("-")[0], 16))
        return True

    def _nonce(self, made: int, token: str, host: str) -> str:
        told = f"{made:x}-{token}"
        proof = hmac.digest(self._secret, f"{told}-{host}".encode(), "sha256")
        return f"{told}-{proof.hex()[:32]}"

    def _made(self, nonce: str, host: str) -> int | None:
        """When we made a nonce for this host, in milliseconds; None if we did not."""
        made, _, rest = nonce.partition("-")
        token, _, _ = rest.partition("-")
        if not 1 <= len(made) <= 16 or not _HEXADECIMAL.issuperset(made):
            return None
        moment = int(made, 16)
        ours = self._nonce(moment, token, host)
        known = hmac.compare_digest(ours.encode(), nonce.encode("utf-8", "replace"))
        return moment if known else None


def _response(
    method: str, parts: Mapping[str, str], account: Account, algorithm: Algorithm
) -> str:
    """What the holder of the account would answer (§3.4.1); empty: nobody would."""
    secret = account.md5 if algorithm == "MD5" else account.sha256
    about = digest_of(algorithm, f"{method}:{parts['uri']}")
    nonce, qop = parts["nonce"], parts.get("qop")
    if qop is None:
        return digest_of(algorithm, f"{secret}:{nonce}:{about}")
    count, cnonce = parts.get("nc", ""), parts.get("cnonce", "")
    if qop != "auth" or not cnonce or len(count) != 8 or not _HEXADECIMAL.issuperset(count):
        return ""
    return digest_of(algorithm, f"{secret}:{nonce}:{count}:{cnonce}:{qop}:{about}")
