"""Answers to challenges of one request and its repetitions: RFC 3261 §22, RFC 7616.

Each realm that asks gets an answer of its own, also when a proxy and the far end ask one
after the other, or together through a proxy that forked; what was answered before goes
along, with its count one greater. What was rejected is not tried again (§22.1), unless its
nonce was merely too old, and that once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.terms import Credentials
from b2bua.sip.message.digest import Challenge, answer, parse_challenges
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response

MOST_CHALLENGES: Final = 4
"""How often one request is sent again for whoever asks who we are."""

FIELDS: Final = ("Authorization", "Proxy-Authorization")
"""Where credentials are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A challenge that has our answer."""

    challenge: Challenge
    cnonce: str
    count: int = 1
    """Requests sent with its nonce."""
    renewed: bool = False
    """Its nonce has taken the place of one that was too old."""

    @property
    def of(self) -> tuple[str, str]:
        """Who asked: one header field and one realm."""
        return self.challenge.field, self.challenge.realm


def answers_to(
    response: Response,
    credentials: Credentials,
    before: tuple[Answered, ...],
    tokens: Tokens,
) -> tuple[Answered, ...]:
    """What a 401 or 407 asks for beside what was given ``before``; empty: nothing helps."""
    try:
        challenges = parse_challenges(response)
    except MalformedMessage:
        return ()
    given = {one.of: one for one in before}
    fresh: dict[tuple[str, str], Answered] = {}
    for challenge in challenges:
        who = challenge.field, challenge.realm
        if credentials.realm not in ("", challenge.realm) or who in fresh:
            continue
        last = given.get(who)
        if last is not None and (last.renewed or not challenge.stale):
            return ()
        fresh[who] = Answered(
            challenge=challenge, cnonce=tokens.token(), renewed=last is not None
        )
    if not fresh:
        return ()
    kept = [replace(one, count=one.count + 1) for one in before if one.of not in fresh]
    return (*kept, *fresh.values())


def resent(
    request: Request,
    cseq: int,
    credentials: Credentials,
    answered: Iterable[Answered],
) -> Request:
    """The same request once more with another number, and with every answer."""
    copy = Headers(request.headers)
    copy.set("CSeq", f"{cseq} {request.method}")
    for name in FIELDS:
        copy.remove(name)
    for one in answered:
        value = answer(
            one.challenge,
            username=credentials.username,
            password=credentials.password,
            method=request.method,
            uri=request.uri,
            body=request.body,
            cnonce=one.cnonce,
            nonce_count=one.count,
        )
        copy.add(one.challenge.field, value)
    return Request(request.method, request.uri, copy, request.body)
