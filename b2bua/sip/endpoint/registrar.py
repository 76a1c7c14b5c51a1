"""A small registrar: phones that say where they are (RFC 3261 §10.3), each with an account.

A binding is a Contact and the flow its REGISTER came by. Calls to the phone, and every
request in them, go by that flow, whatever the Contact says: so phones behind address
translation are reached too (as RFC 5626 §5.3 does). A call from such a flow is the phone's,
and must prove it like the REGISTER.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

import msgspec

from b2bua.core.address import Address
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.endpoint.attendance import Attendance
from b2bua.sip.endpoint.authentication import Account, Authenticator
from b2bua.sip.endpoint.outputs import SaveBindings
from b2bua.sip.message.build import response_to
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.flow import Flow, TransportName

PHONES: Final = "phones"
"""The trunk that registered phones call by, and are called by."""
MOST_CONTACTS: Final = 5
"""Of one phone; the oldest makes room."""
LONGEST_CONTACT: Final = 512
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarSettings:
    """Who may register, and for how long."""

    networks: tuple[str, ...] = ()
    """Empty: nobody, there is no registrar."""
    longest: int = 3600
    """Seconds that a binding lasts at most, and if none are asked for."""
    shortest: int = 60
    probe: float = 0.0
    """Seconds between two OPTIONS to each place where a phone is; 0: none."""
    losses: int = 3
    """Unanswered in a row: nobody is there, and it is not rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where one phone is."""

    contact: str
    flow: Flow
    until: Instant
    call_id: str
    cseq: int
    q: float = 1.0
    """Who comes first when the phone is called; those of one ``q`` ring at once (§16.6)."""
    instance: str = ""
    """``+sip.instance`` (RFC 5626 §4.1): one device, wherever it says it is."""

    @property
    def told(self) -> str:
        """The value of a Contact header field, without what is left of its time."""
        return f"<{self.contact}>" + (f";q={self.q:g}" if self.q < 1 else "")


class _Image(msgspec.Struct, frozen=True, kw_only=True):
    """A binding as the journal keeps it; seconds from when it was written."""

    contact: str
    transport: TransportName
    local: Address
    remote: Address
    left: float
    call_id: str
    cseq: int
    q: float = 1.0
    instance: str = ""


class Registrar:
    """Every phone that is registered here."""

    def __init__(
        self,
        settings: RegistrarSettings,
        authenticator: Authenticator,
        attendance: Attendance,
        tokens: Tokens,
    ) -> None:
        self.accounts: Mapping[str, Account] = {}
        """By extension."""
        self.deadline: Instant | None = None
        """When :meth:`wake` must next be called."""
        self.authenticator = authenticator
        self._attendance = attendance
        self._settings = settings
        self._tokens = tokens
        self._networks = [ip_network(one, strict=False) for one in settings.networks]
        self._bound: dict[str, tuple[Binding, ...]] = {}
        self._sources: Counter[tuple[str, Address]] = Counter()
        """Bindings by each way; a telephone with several lines has several by one."""
        self._unsaved: dict[str, None] = {}

    def serves(self, flow: Flow) -> bool:
        """Whether phones may register from there."""
        if not self._networks:
            return False
        address = ip_address(flow.remote[0])
        return any(address in network for network in self._networks)

    def knows(self, flow: Flow) -> bool:
        """Whether a phone is registered by this flow."""
        return (flow.transport, flow.remote) in self._sources

    def bindings(self, extension: str) -> tuple[Binding, ...]:
        """Where a phone is registered, the best first, and of equals the last."""
        return self._bound.get(extension, ())

    def reachable(self, extension: str) -> tuple[Binding, ...]:
        """Where it is to be rung: not where nobody answers any more."""
        return tuple(
            one
            for one in self.bindings(extension)
            if not self._attendance.away(extension, one.contact)
        )

    @property
    def states(self) -> dict[str, list[str]]:
        """The contacts of each phone that is registered."""
        return {
            extension: [one.contact for one in found]
            for extension, found in self._bound.items()
        }

    def know(self, accounts: Mapping[str, Account], now: Instant) -> None:
        """These accounts are all; whose is gone or changed has to register again."""
        before, self.accounts = self.accounts, accounts
        for extension in list(self._bound):
            account = accounts.get(extension)
            if account is None or account != before.get(extension, account):
                self._bind(extension, (), now)

    def register(
        self, request: Request, extension: str, flow: Flow, now: Instant
    ) -> Response:
        """Answer a REGISTER of who has proved to be ``extension`` (§10.3, steps 5 to 8)."""
        tag = self._tokens.tag()
        try:
            aor = parse_uri(request.to.uri)
            if not isinstance(aor, SipUri) or aor.user != extension:
                return response_to(request, 403, to_tag=tag)
            bound = self._after(request, extension, flow, now)
        except MalformedMessage as error:
            response = response_to(request, error.status, reason=error.reason, to_tag=tag)
            if error.status == 423:
                response.headers.add("Min-Expires", str(self._settings.shortest))
            return response
        if bound is not None:
            self._bind(extension, bound, now)
            self._attendance.registered(extension, flow)
        contacts = [
            ("Contact", f"{one.told};expires={max(0, round(one.until - now))}")
            for one in self.bindings(extension)
        ]
        return response_to(request, 200, to_tag=tag, extra=contacts)

    def _after(
        self, request: Request, extension: str, flow: Flow, now: Instant
    ) -> tuple[Binding, ...] | None:
        """The bindings as the REGISTER wants them, None if it only asks (§10.3, step 6)."""
        kept = {one.contact: one for one in self.bindings(extension)}
        default = self._settings.longest if request.expires is None else request.expires
        given, named = request.contacts, set[str]()
        if not given:
            return None
        if any(one.uri == "*" for one in given):
            if len(given) > 1 or request.expires != 0:
                raise MalformedMessage("Star Alone, With Expires 0")
            self._newer(request, kept.values())
            return ()
        for one in given:
            asked = _seconds(one.parameters.get("expires"), default)
            contact = _contact(one.uri)
            self._newer(request, [kept[contact]] if contact in kept else [])
            kept.pop(contact, None)
            named.add(contact)
            if asked == 0:
                continue
            if asked < self._settings.shortest:
                raise MalformedMessage("Interval Too Brief", status=423)
            bound = Binding(
                contact=contact,
                flow=flow,
                until=now + min(asked, self._settings.longest),
                call_id=request.call_id,
                cseq=request.cseq.number,
                q=_quality(one.parameters.get("q")),
                instance=(one.parameters.get("+sip.instance") or "")[:LONGEST_CONTACT],
            )
            others = {
                name: other
                for name, other in kept.items()
                if name in named or not _replaces(bound, other)
            }
            kept = {contact: bound, **others}
        latest = tuple(kept.values())[:MOST_CONTACTS]
        return tuple(sorted(latest, key=lambda one: -one.q))

    def _newer(self, request: Request, bound: Iterable[Binding]) -> None:
        """A request that was overtaken by another changes nothing (§10.3, step 7)."""
        for one in bound:
            if one.call_id == request.call_id and request.cseq.number <= one.cseq:
                raise MalformedMessage("Out of Order", status=500)

    def wake(self, now: Instant) -> None:
        """Forget the bindings that have run out."""
        for extension, bound in list(self._bound.items()):
            left = tuple(one for one in bound if one.until > now)
            if left != bound:
                self._bind(extension, left, now)

    def flow_failed(self, flow: Flow, now: Instant) -> None:
        """A connection is gone, and with it the only way to whoever was behind it."""
        for extension, bound in list(self._bound.items()):
            left = tuple(one for one in bound if one.flow != flow)
            if left != bound:
                self._bind(extension, left, now)

    def save(self, now: Instant) -> list[SaveBindings]:
        """What has changed since this was last asked, for the journal."""
        unsaved, self._unsaved = self._unsaved, {}
        return [
            SaveBindings(extension, _encoded(self.bindings(extension), now))
            for extension in unsaved
        ]

    def restore(self, extension: str, state: str, now: Instant) -> None:
        """Take back what :meth:`save` gave; connections did not outlive their process."""
        if extension not in self.accounts:
            return
        try:
            images = msgspec.json.decode(state, type=tuple[_Image, ...])
        except msgspec.MsgspecError:
            return
        bound = tuple(
            Binding(
                contact=one.contact,
                flow=Flow(one.transport, one.local, one.remote),
                until=now + min(one.left, self._settings.longest),
                call_id=one.call_id,
                cseq=one.cseq,
                q=one.q,
                instance=one.instance,
            )
            for one in images
            if one.transport == "udp"
        )
        self._bind(extension, bound, now)

    def _bind(self, extension: str, bound: tuple[Binding, ...], now: Instant) -> None:
        for one in self._bound.pop(extension, ()):
            self._sources[_way(one)] -= 1
            if not self._sources[_way(one)]:
                del self._sources[_way(one)]
        if bound:
            self._bound[extension] = bound
        self._sources.update(map(_way, bound))
        self._attendance.watch(extension, {one.contact: one.flow for one in bound}, now)
        self._unsaved[extension] = None
        self.deadline = earliest(
            *(one.until for found in self._bound.values() for one in found)
        )

    @property
    def changed(self) -> bool:
        """Whether :meth:`save` has something to say."""
        return bool(self._unsaved)


def _way(one: Binding) -> tuple[str, Address]:
    return one.flow.transport, one.flow.remote


def _replaces(new: Binding, old: Binding) -> bool:
    """Whether a phone that says where it is has left where it was.

    Departs from §10.3, step 7: a flow, and a device that names itself, is in one place.
    """
    return _way(old) == _way(new) or bool(new.instance and new.instance == old.instance)


def _contact(text: str) -> str:
    uri = parse_uri(text)
    if not isinstance(uri, SipUri) or len(text) > LONGEST_CONTACT or not uri.user:
        raise MalformedMessage("Contact Is No SIP URI With a User")
    return str(msgspec.structs.replace(uri, headers=()))


def _seconds(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return default
    return int(text)


def _quality(text: str | None) -> float:
    """A qvalue (§25.1); what is none counts as not said."""
    return float(text) if text and _QUALITY.fullmatch(text) else 1.0


def _encoded(bound: tuple[Binding, ...], now: Instant) -> str:
    images = [
        _Image(
            contact=one.contact,
            transport=one.flow.transport,
            local=one.flow.local,
            remote=one.flow.remote,
            left=round(one.until - now, 3),
            call_id=one.call_id,
            cseq=one.cseq,
            q=one.q,
            instance=one.instance,
        )
        for one in bound
    ]
    return msgspec.json.encode(images).decode() if images else ""
