"""Where calls come in: what is made of an INVITE before anything is decided about it."""

import traceback
from datetime import datetime

from b2bua.call.call import Call
from b2bua.call.caller import CallerLeg, secrecy_of
from b2bua.call.media import CallId
from b2bua.core.tokens import Tokens
from b2bua.exchange.outlook import Outlook
from b2bua.service.flow.arrival import Arrival, read_arrival, unread_arrival
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.flow import CallFlow
from b2bua.sip.dialog.events import Invited


class Entrance:
    """Makes calls of invitations."""

    def __init__(self, outlook: Outlook, tokens: Tokens) -> None:
        self._outlook = outlook
        self._tokens = tokens

    def take(
        self,
        invited: Invited,
        around: Surroundings,
        moment: Moment,
        again: Dossier | None = None,
    ) -> tuple[CallFlow, str]:
        """A call that has not begun, and what went wrong when its INVITE was read.

        ``again``: what the process before knew of it, whose name and arrival it keeps.
        """
        invitation, outlook, fault = invited.invitation, self._outlook, ""
        try:
            rule = outlook.trunk(invitation.trunk)
            plans, areas = outlook.snapshot.plans, outlook.areas
            arrival = read_arrival(invitation, rule, plans, areas)
        except Exception:
            arrival, fault = unread_arrival(invitation), traceback.format_exc()
        name = self._name(moment.at)
        if again is not None:
            name, moment = CallId(again.id), again.invited
        caller = CallerLeg(
            name,
            invited.session,
            offer=invitation.offer,
            reliable=invitation.supports_reliable,
            session_id=int(self._tokens.fraction() * 2**31),
            secrecy=secrecy_of(invitation, self._tokens),
        )
        dossier = self._dossier(name, arrival, moment)
        return CallFlow(Call(name, caller, self._tokens), dossier, arrival, around), fault

    def _name(self, at: datetime) -> CallId:
        return CallId(f"{at.year}{at.month:02}{at.day:02}-{self._tokens.token()}")

    def _dossier(self, name: CallId, arrival: Arrival, moment: Moment) -> Dossier:
        plan = arrival.plan
        return Dossier(
            id=name,
            node=self._outlook.node,
            number=arrival.number,
            caller=arrival.caller,
            private=arrival.private,
            trunk=arrival.trunk,
            plan_version=0 if plan is None else plan.version,
            tariff=self._outlook.tariff(plan),
            invited=moment,
        )
