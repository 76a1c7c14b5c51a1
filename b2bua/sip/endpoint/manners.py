"""What else differs between trunks: what causes mean, and which statuses they are told.

Carriers map Q.850 causes and SIP statuses onto each other in ways of their own (RFC 3398
§7.2.4.1 is only a proposal). Codes below 128 are Q.850 causes, others SIP statuses.
"""

from dataclasses import dataclass, replace
from typing import Final

from b2bua.sip.dialog.events import Cause, Refuse, Refused

HIGHEST_CAUSE: Final = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """The ways of one trunk."""

    causes: tuple[tuple[int, int], ...] = ()
    """What its refusals mean: from a cause or a status to a Q.850 cause."""
    statuses: tuple[tuple[int, int], ...] = ()
    """With which final status it is refused: from a Q.850 cause to a SIP status."""
    diversion: tuple[str, ...] = ("Diversion", "History-Info")
    """Which header fields tell it whom a call was first for (RFC 5806, RFC 7044)."""


USUAL: Final = Manners()


def understood(refused: Refused, manners: Manners) -> Refused:
    """A refusal with the cause that this trunk means by it."""
    told = next((one.code for one in refused.causes if one.protocol.upper() == "Q.850"), 0)
    meanings = dict(manners.causes)
    meant = meanings.get(told) or meanings.get(refused.status, 0)
    if refused.local or not meant or meant == told:
        return refused
    others = tuple(one for one in refused.causes if one.protocol.upper() != "Q.850")
    return replace(refused, causes=(Cause("Q.850", meant), *others))


def put(refuse: Refuse, manners: Manners) -> Refuse:
    """A refusal with the status that this trunk wants for its cause."""
    told = next((one.code for one in refuse.causes if one.protocol.upper() == "Q.850"), 0)
    status = dict(manners.statuses).get(told, refuse.status)
    return refuse if status == refuse.status else replace(refuse, status=status)
