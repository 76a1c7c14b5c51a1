"""Who calls whom: an invitation read as a 400 call, by the rules of its trunk (§§1, 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from b2bua.service.area import AreaTable, identify
from b2bua.service.number import Caller, CallerKind, service_number
from b2bua.service.plan import Plan, TrunkRule
from b2bua.sip.dialog.events import Invitation

MOST_DIVERSIONS: Final = 10
"""Diversion and History-Info entries of a call that may still be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One call as it arrived."""

    number: str
    """The 400 number, or what was dialled if it is none."""
    plan: Plan | None
    caller: Caller
    private: bool
    """The caller asked that nobody be shown the number."""
    display: str
    trunk: str
    max_forwards: int
    diversions: int = 0
    """How often it was sent on before it came here."""
    loop: str = ""
    """Why it goes round in a circle; empty: it does not."""


def read_arrival(
    invitation: Invitation,
    trunk: TrunkRule,
    plans: Mapping[str, Plan],
    areas: AreaTable,
) -> Arrival:
    """Find the called number where the trunk puts it, and the caller to believe."""
    dialled = {
        "to": invitation.to_user,
        "p-called-party-id": invitation.called_party,
    }.get(trunk.called_from, invitation.request_user)
    number = service_number(dialled)
    caller = _caller(invitation, trunk, areas)
    return Arrival(
        number=number or dialled,
        plan=None if number is None else plans.get(number),
        caller=caller,
        private="id" in invitation.privacy or "user" in invitation.privacy,
        display=invitation.from_display,
        trunk=trunk.name,
        max_forwards=invitation.max_forwards,
        diversions=invitation.diversions,
        loop=_loop(invitation, trunk, number),
    )


def _loop(invitation: Invitation, trunk: TrunkRule, number: str | None) -> str:
    """Whether the number itself, or too many others, sent the call on before (§10).

    Where the called number is not the Request-URI's, the network translates it, and may
    well name it as whom the call was first for.
    """
    if invitation.diversions > MOST_DIVERSIONS:
        return f"sent on {invitation.diversions} times, {MOST_DIVERSIONS} allowed"
    senders = {service_number(one) for one in invitation.diverted_by}
    if trunk.called_from == "uri" and number is not None and number in senders:
        return f"{number} itself has sent it on"
    return ""


def _caller(invitation: Invitation, trunk: TrunkRule, areas: AreaTable) -> Caller:
    """The asserted identity of a trusted trunk (RFC 3325 §9.1), else From.

    P-Asserted-Identity may hold a sip: and a tel: value; the first that is a number counts.
    """
    if trunk.trusted:
        for uri in invitation.asserted:
            caller = identify(uri, areas, trunk.default_area)
            if caller.kind not in (CallerKind.UNKNOWN, CallerKind.ANONYMOUS):
                return caller
    return identify(invitation.from_user, areas, trunk.default_area)


def unread_arrival(invitation: Invitation) -> Arrival:
    """What is certain of a call whose reading failed: enough for its record."""
    return Arrival(
        number=invitation.request_user,
        plan=None,
        caller=Caller(number="", kind=CallerKind.UNKNOWN),
        private=True,
        display="",
        trunk=invitation.trunk,
        max_forwards=0,
    )
