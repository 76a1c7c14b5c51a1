"""What is asked of a request before anybody works on it: RFC 3261 §8.2.

Header fields are read when asked; here everything is asked at once, so that whoever
comes later never meets one that cannot be read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.body import Unsuitable, description_of
from b2bua.sip.dialog.conversation import capabilities
from b2bua.sip.dialog.dialog import contact_of
from b2bua.sip.dialog.events import Invitation, SessionId
from b2bua.sip.dialog.modify import unsuitable_response
from b2bua.sip.dialog.refresh import too_brief
from b2bua.sip.dialog.terms import EXTENSIONS, Terms
from b2bua.sip.dialog.terms import METHODS as OURS
from b2bua.sip.endpoint.authentication import Account, Proof, Proved, Unproved
from b2bua.sip.endpoint.quota import Quotas
from b2bua.sip.endpoint.registrar import PHONES, Registrar
from b2bua.sip.endpoint.rewriting import AS_WRITTEN, taken_in
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.trunks import Trunk, TrunkTable
from b2bua.sip.message.build import response_to, response_to_refused
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers, canonical_name
from b2bua.sip.message.history import forwardings, number_of
from b2bua.sip.message.message import Message, Request, Response
from b2bua.sip.message.method import METHODS
from b2bua.sip.message.parser import Refusal
from b2bua.sip.message.recall import LONGEST, MOST
from b2bua.sip.message.serializer import serialize
from b2bua.sip.message.uri import parse_uri
from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.transaction.outputs import NewRequest
from b2bua.sip.transport.admission import Admission, Verdict, source_of
from b2bua.sip.transport.flow import Flow

BANNED: Final = "source banned"
"""Why a message is dropped with which a ban begins."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer it, and go on answering its retransmissions."""

    response: Response


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Forget it at once; answer it, or not even that."""

    response: Response
    answer: bool
    banned: bool = False
    """Its sender is not heard from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """It begins a session."""

    session: SessionId
    terms: Terms
    invitation: Invitation


Decision: TypeAlias = Reply | TurnAway | Welcome


class Doorway:
    """Decides about requests that belong to no session of ours."""

    def __init__(
        self,
        settings: EndpointSettings,
        trunks: TrunkTable,
        tokens: Tokens,
        quotas: Quotas,
        registrar: Registrar,
    ) -> None:
        self.draining = False
        self.trunks = trunks
        self._settings = settings
        self._tokens = tokens
        self._quotas = quotas
        self._registrar = registrar
        self._admission = Admission(settings.admission)

    def turned_off(self, flow: Flow, now: Instant) -> str:
        """Why not even to read what came; empty for a trunk, which is always read."""
        if self.trunks.of(flow) is not None:
            return ""
        source = source_of(flow.remote[0])
        if self._admission.bans.holds(source, now):
            return "from a banned source"
        if self._admission.admits_message(source, now):
            return ""
        return BANNED if self.offended(flow, now) else "too many messages from a stranger"

    def offended(self, flow: Flow, now: Instant) -> bool:
        """Note that a stranger did what is refused; whether it is banned from now on.

        An address of a trunk is never banned, nor one where we call.
        """
        host = flow.remote[0]
        if self.trunks.of(flow) is not None or host in self.trunks.hops:
            return False
        return self._admission.bans.offended(source_of(host), now)

    @property
    def admission(self) -> Admission:
        """Who may take our time."""
        return self._admission

    def refuse_bytes(
        self, refusal: Refusal, size: int, flow: Flow, now: Instant
    ) -> Response | None:
        """The answer to ``size`` bytes that cannot be read, None for silence."""
        response = response_to_refused(refusal, to_tag=self._tokens.tag())
        source = source_of(flow.remote[0])
        if response is None or not self._admission.may_refuse(source, now):
            return None
        stranger = self.trunks.of(flow) is None
        return None if stranger and amplifies(response, size, flow) else response

    def methods(self, trunk: str) -> tuple[str, ...]:
        """What a trunk may ask inside a dialog too; all of ours if it is gone."""
        return self.trunks.named(trunk).methods if trunk in self.trunks else OURS

    def unknown_dialog(self, new: NewRequest[Flow], now: Instant) -> Reply | TurnAway:
        """Decide about a request in a dialog, or a CANCEL, that nothing here fits."""
        response = response_to(new.request, 481, to_tag=self._tokens.tag())
        if self.trunks.of(new.flow) is not None:
            return Reply(response)
        return self._stranger(new, response, now)

    def judge(self, new: NewRequest[Flow], sessions: int, now: Instant) -> Decision:
        """Decide about a request outside any dialog (§8.2)."""
        request, tag = new.request, self._tokens.tag()
        if request.method == "REGISTER" and self._registrar.serves(new.flow):
            return self._register(new, tag, now)
        trunk = self.trunk_of(new.flow)
        if trunk is None:
            response = response_to(request, 403, to_tag=tag)
            return self._stranger(new, response, now)
        if new.merged:
            return Reply(response_to(request, 482, to_tag=tag))
        refusal = refusal_of(request, trunk.methods, tag)
        if refusal is not None:
            return Reply(refusal)
        match request.method:
            case "INVITE":
                return self._invited(new, trunk, SessionId(tag), sessions, now)
            case "OPTIONS":
                terms = self._settings.terms(trunk)
                return Reply(capabilities(request, terms, tag))
            case "SUBSCRIBE" | "PUBLISH" | "NOTIFY":
                return Reply(response_to(request, 489, to_tag=tag))
            case _:
                return Reply(response_to(request, 481, to_tag=tag))

    def trunk_of(self, flow: Flow) -> Trunk | None:
        """Whose message it is: a registered phone's before its network's."""
        if PHONES in self.trunks and self._registrar.knows(flow):
            return self.trunks.named(PHONES)
        return self.trunks.of(flow)

    def _register(self, new: NewRequest[Flow], tag: str, now: Instant) -> Reply | TurnAway:
        """Let a phone say where it is, when it has proved who it is."""
        request = new.request
        refusal = refusal_of(request, ("REGISTER",), tag)
        if refusal is not None:
            return Reply(refusal)
        match self._judge(new, self._registrar.accounts, now):
            case Proved(account):
                bound = self._registrar.register(request, account.name, new.flow, now)
                return Reply(bound)
            case Unproved() as proof:
                return self._challenge(new, proof, tag, now)

    def _judge(
        self, new: NewRequest[Flow], accounts: Mapping[str, Account], now: Instant
    ) -> Proof:
        host, authenticator = new.flow.remote[0], self._registrar.authenticator
        return authenticator.judge(new.request, host, accounts, now)

    def _challenge(
        self, new: NewRequest[Flow], proof: Unproved, tag: str, now: Instant
    ) -> TurnAway:
        """Ask who it is, and who guesses not for ever; nothing is kept of who is asked."""
        host = new.flow.remote[0]
        asked = self._registrar.authenticator.challenges(host, now, stale=proof.stale)
        response = response_to(new.request, 401, to_tag=tag, extra=asked)
        wrong = proof.tried and not proof.stale
        if not wrong and new.request.method != "REGISTER":
            return TurnAway(response, answer=True)
        answer = self._admission.may_refuse(source_of(host), now)
        return TurnAway(response, answer, wrong and self.offended(new.flow, now))

    def _prove(
        self, new: NewRequest[Flow], trunk: Trunk, tag: str, now: Instant
    ) -> str | TurnAway:
        """The name of the account that an INVITE has proved to be from, if it must."""
        phone = trunk.name == PHONES
        if not phone and not trunk.accounts:
            return ""
        accounts = self._registrar.accounts if phone else trunk.accounts
        match self._judge(new, accounts, now):
            case Proved(account):
                return account.name
            case Unproved() as proof:
                return self._challenge(new, proof, tag, now)

    def _stranger(
        self, new: NewRequest[Flow], response: Response, now: Instant
    ) -> TurnAway:
        """Answer a stranger a few times a second, then no more."""
        flow = new.flow
        answer = self._admission.may_refuse(source_of(flow.remote[0]), now)
        answer = answer and not amplifies(response, len(serialize(new.request)), flow)
        return TurnAway(response, answer, self.offended(flow, now))

    def _invited(
        self,
        new: NewRequest[Flow],
        trunk: Trunk,
        session: SessionId,
        sessions: int,
        now: Instant,
    ) -> Decision:
        """Let an INVITE in, if there is room (admission before work)."""
        request, terms = new.request, self._settings.terms(trunk)
        verdict = Verdict.REFUSED
        if not self.draining and sessions < self._settings.most_sessions:
            verdict = self._admission.admit_call(new.flow.remote[0], now)
        if verdict is not Verdict.ADMITTED:
            response = self._later(request, session)
            return TurnAway(response, answer=verdict is Verdict.REFUSED)
        caller = self._prove(new, trunk, session, now)
        if isinstance(caller, TurnAway):
            return caller
        if not self._quotas.admits(trunk.name, now, outbound=False):
            return TurnAway(self._later(request, session), answer=True)
        said = invitation_of(request, terms, new.flow, session)
        if isinstance(said, Response):
            return Reply(said)
        if trunk.name == PHONES:
            said = replace(said, from_user=caller, asserted=())
        if trunk.rewriting is not AS_WRITTEN:
            said = taken_in(said, trunk.rewriting)
        return Welcome(session=session, terms=terms, invitation=said)

    def _later(self, request: Request, tag: SessionId) -> Response:
        """No room now: the far end tries elsewhere, or again after a while."""
        later = ("Retry-After", str(self._settings.retry_after))
        return response_to(request, 503, to_tag=tag, extra=[later])


def amplifies(response: Response, size: int, flow: Flow) -> bool:
    """Whether whoever forges a source would have more sent there than ``size`` bytes."""
    return flow.transport == "udp" and len(serialize(response)) > size


def read_through(message: Message) -> None:
    """Read every field that a session looks at. Raises :class:`MalformedMessage`.

    One that cannot be read and is not needed is taken away: a BYE ends a session whatever
    its Reason says (§8.2.2). Each line is read by itself, and known again by its text, as a
    peer writes nearly the same fields in every message.
    """
    spare: list[str] = []
    for name, value in message.headers:
        if name not in _READ_CANONICAL:
            continue
        try:
            (_known_line if len(value) <= LONGEST else _read_line)(name, value)
        except MalformedMessage:
            if name not in _SPARE:
                raise
            spare.append(name)
    for name in spare:
        message.headers.remove(name)


def _read_line(name: str, value: str) -> None:
    """Read one line, as if it were all there is of a message."""
    line = Headers.of_canonical([(name, value)])
    _READ_CANONICAL[name](Response(200, "", line))


_known_line: Final = lru_cache(maxsize=MOST)(_read_line)


def _read_routes(message: Message) -> None:
    for route in message.record_route:
        parse_uri(route.uri)


def _read_contacts(message: Message) -> None:
    for contact in message.contacts:
        if contact.uri.lower().startswith(("sip:", "sips:")):
            parse_uri(contact.uri)


_READ: Final[Mapping[str, Callable[[Message], object]]] = {
    "Record-Route": _read_routes,
    "Contact": _read_contacts,
    "Require": lambda message: message.require,
    "Supported": lambda message: message.supported,
    "Allow": lambda message: message.allow,
    "Reason": lambda message: message.reasons,
    "Session-Expires": lambda message: message.session_expires,
    "Min-SE": lambda message: message.min_se,
    "Retry-After": lambda message: message.retry_after,
    "Content-Type": lambda message: message.content_type,
    "RSeq": lambda message: message.rseq,
    "RAck": lambda message: message.rack,
    "Max-Forwards": lambda message: message.max_forwards,
    "P-Asserted-Identity": lambda message: message.asserted_identity,
    "P-Called-Party-ID": lambda message: message.called_party,
    "Privacy": lambda message: message.privacy,
    "Diversion": lambda message: message.diversions,
}
_READ_CANONICAL: Final = {canonical_name(name): read for name, read in _READ.items()}
_SPARE: Final = frozenset(
    canonical_name(name)
    for name in (
        "Supported",
        "Allow",
        "Reason",
        "Session-Expires",
        "Min-SE",
        "Retry-After",
        "P-Asserted-Identity",
        "P-Called-Party-ID",
        "Privacy",
        "Diversion",
    )
)
"""What a request or response can do without."""


def refusal_of(request: Request, methods: tuple[str, ...], tag: str) -> Response | None:
    """Why nobody may work on a request, whatever it is for; None if somebody may.

    In the order of §8.2: method, header fields, extensions. Max-Forwards counts for what
    would go on from here, a call (RFC 7332 §4); what ends here may have used its last hop.
    """
    if request.method not in methods:
        status = 405 if request.method in METHODS else 501
        allow = ("Allow", ", ".join(methods))
        return response_to(request, status, to_tag=tag, extra=[allow])
    try:
        read_through(request)
        if not request.to.tag:
            parse_uri(request.uri)
    except MalformedMessage as error:
        return response_to(request, error.status, reason=error.reason, to_tag=tag)
    if request.max_forwards == 0 and request.method == "INVITE" and not request.to.tag:
        return response_to(request, 483, to_tag=tag)
    unknown = [option for option in request.require if option not in EXTENSIONS]
    if unknown and request.method != "CANCEL":
        header = ("Unsupported", ", ".join(unknown))
        return response_to(request, 420, to_tag=tag, extra=[header])
    return None


def invitation_of(
    request: Request, terms: Terms, flow: Flow, tag: str
) -> Invitation | Response:
    """What an INVITE says, or its refusal."""
    if terms.srtp is Srtp.REQUIRED and not flow.secure:
        return response_to(request, 488, to_tag=tag, reason="Secure Signalling Required")
    if not contact_of(request):
        return response_to(request, 400, to_tag=tag, reason="Missing Contact")
    if not takes_descriptions(request):
        return response_to(request, 406, to_tag=tag)
    if too_brief(request, terms.min_session_interval):
        least = ("Min-SE", str(terms.min_session_interval))
        return response_to(request, 422, to_tag=tag, extra=[least])
    try:
        offer = description_of(request)
    except Unsuitable as error:
        return unsuitable_response(request, error, tag)
    called = request.called_party
    forwards = request.max_forwards
    sent_on = forwardings(request)
    return Invitation(
        trunk=terms.trunk,
        source=flow.remote,
        call_id=request.call_id,
        request_user=number_of(request.uri),
        to_user=number_of(request.to.uri),
        called_party=number_of(called.uri) if called else "",
        from_user=number_of(request.from_.uri),
        from_display=request.from_.display,
        asserted=request.asserted_identity,
        privacy=request.privacy,
        diversions=sent_on.count,
        diverted_by=sent_on.numbers,
        max_forwards=70 if forwards is None else forwards,
        offer=offer,
        supports_reliable="100rel" in (*request.supported, *request.require),
        srtp=terms.srtp if flow.secure else Srtp.NEVER,
    )


def takes_descriptions(request: Request) -> bool:
    """Whether the sender would understand an answer (§20.1); without Accept it does."""
    if "Accept" not in request.headers:
        return True
    return not _DESCRIPTIONS.isdisjoint(request.accept)


_DESCRIPTIONS: Final = frozenset(("application/sdp", "application/*", "*/*"))
