"""Numbers as one trunk writes them: ordered rules, the first that fits is applied.

A pattern is what the number begins with, ``?`` any one character, and a last ``*`` any
rest: ``0*``, ``1??????????``, ``+86*``, ``*``. What is no number is left as it is.
"""

from dataclasses import dataclass, replace
from typing import Final

from b2bua.sip.dialog.events import Invitation, Invite
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.uri import SipUri, TelUri, parse_uri

LONGEST: Final = 40
"""Characters of a number that rules are tried on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Take off the first ``strip`` characters, then put ``prepend`` before the rest."""

    match: str
    strip: int = 0
    prepend: str = ""

    def fits(self, number: str) -> bool:
        """Whether the rule is for this number."""
        open_ended = self.match.endswith("*")
        wanted = self.match.removesuffix("*")
        if len(number) < len(wanted) or (len(number) > len(wanted) and not open_ended):
            return False
        return all(one in ("?", other) for one, other in zip(wanted, number, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """How a trunk's numbers are made ours, and ours are made the trunk's."""

    called_in: tuple[Rule, ...] = ()
    caller_in: tuple[Rule, ...] = ()
    called_out: tuple[Rule, ...] = ()
    caller_out: tuple[Rule, ...] = ()
    """For every number that says who calls, or whom the call was first for."""


AS_WRITTEN: Final = Rewriting()


def rewritten(number: str, rules: tuple[Rule, ...]) -> str:
    """The number after the first rule that fits it."""
    if not rules or not is_number(number):
        return number
    for rule in rules:
        if rule.fits(number):
            return rule.prepend + number[rule.strip :]
    return number


def is_number(text: str) -> bool:
    """Whether rules are for this text at all."""
    digits = text.removeprefix("+")
    return len(text) <= LONGEST and digits.isascii() and digits.isdecimal()


def taken_in(invitation: Invitation, rewriting: Rewriting) -> Invitation:
    """What a trunk says, with its numbers as we write them."""
    called, caller = rewriting.called_in, rewriting.caller_in
    return replace(
        invitation,
        request_user=rewritten(invitation.request_user, called),
        to_user=rewritten(invitation.to_user, called),
        called_party=rewritten(invitation.called_party, called),
        from_user=rewritten(invitation.from_user, caller),
        asserted=tuple(_identity(uri, caller) for uri in invitation.asserted),
        diverted_by=tuple(rewritten(one, caller) for one in invitation.diverted_by),
    )


def sent_out(order: Invite, rewriting: Rewriting) -> Invite:
    """What we ask of a trunk, with our numbers as it writes them."""
    caller = rewriting.caller_out
    return replace(
        order,
        user=rewritten(order.user, rewriting.called_out),
        from_user=rewritten(order.from_user, caller),
        asserted=rewritten(order.asserted, caller),
        diverted_from=rewritten(order.diverted_from, caller),
    )


def _identity(uri: str, rules: tuple[Rule, ...]) -> str:
    """An asserted identity; one whose number no rule changes stays a URI."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return uri
    match parsed:
        case SipUri(user=number) | TelUri(number=number):
            ours = rewritten(number, rules)
            return uri if ours == number else ours
