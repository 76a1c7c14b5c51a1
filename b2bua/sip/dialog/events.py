"""What a session tells call control, and what it is asked to do.

A *session* is one INVITE and all that grows from it: early dialogs, forks, the confirmed
dialog, re-INVITEs, its end. It is named by our own tag. Call control sees nothing else of
SIP: no message, no header, no transaction. Facts are past tense, orders imperative.

A session always says :class:`Ended` (or, as the calling side, :class:`Refused`) exactly
once, whatever happens, and nothing after it.
"""

import enum
from dataclasses import dataclass
from typing import NewType, TypeAlias

import msgspec

from b2bua.core.address import Address
from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.sdp.description import SessionDescription

SessionId = NewType("SessionId", str)
"""Our tag: unique among all sessions of all time, and unguessable."""


class Cause(msgspec.Struct, frozen=True):
    """One value of a Reason header (RFC 3326): ``Q.850;cause=17`` or ``SIP;cause=200``."""

    protocol: str
    code: int
    text: str = ""


class EndReason(enum.Enum):
    """Why a session that was invited or answered is over."""

    HUNG_UP = "hung up"
    """The far end sent BYE."""
    RELEASED = "released"
    """We sent BYE, CANCEL or a final refusal because call control asked."""
    CANCELLED = "cancelled"
    """The caller sent CANCEL before we answered, or its invitation expired."""
    NO_ACK = "no ACK"
    """Our 200 was never acknowledged (RFC 3261 §13.3.1.4); BYE has been sent."""
    EXPIRED = "session expired"
    """The session timer ran out (RFC 4028 §10); BYE has been sent."""
    LOST = "lost"
    """A request in the dialog got 408, 481 or no answer (§12.2.1.2)."""
    FAILED = "failed"
    """The far end broke the protocol so that the session cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an INVITE said that call control may want to know, as text from the network."""

    trunk: str
    """Name of the trunk it came from."""
    source: Address
    call_id: str
    request_user: str
    """User part of the Request-URI, unescaped; for a tel URI, its number."""
    to_user: str
    called_party: str
    """User part of P-Called-Party-ID, or empty."""
    from_user: str
    from_display: str
    asserted: tuple[str, ...]
    """The URIs of P-Asserted-Identity as they stand: sip: and tel:."""
    privacy: tuple[str, ...]
    """Values of Privacy (RFC 3323), lower case."""
    diversions: int
    """How often it was sent on before, by Diversion or History-Info."""
    diverted_by: tuple[str, ...] = ()
    """The numbers that sent it on (RFC 5806, RFC 7044), the latest first."""
    max_forwards: int
    """As received; 0 was refused with 483 already."""
    offer: SessionDescription | None
    """None: the offer is ours to make (RFC 3261 §13.2.1)."""
    supports_reliable: bool
    """It lists 100rel in Supported or Require."""
    srtp: Srtp = Srtp.NEVER
    """What its trunk wants of its audio, and its signalling allows."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An INVITE arrived and 100 Trying was sent."""

    session: SessionId
    invitation: Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """A provisional response other than 100 to our INVITE."""

    session: SessionId
    status: int
    description: SessionDescription | None
    """An answer to our offer, or None."""
    fork: str
    """The To tag it came with: another value is another early dialog."""
    causes: tuple[Cause, ...] = ()
    authorized: bool | None = None
    """Whether a trusted trunk lets its early media be heard (RFC 5009); None: unsaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Our INVITE was answered with 2xx, which has been acknowledged.

    Later 2xx of other forks are acknowledged and released by the session itself.
    """

    session: SessionId
    description: SessionDescription | None
    """The answer, when no reliable provisional response brought it already."""
    fork: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Our INVITE failed; the session is over."""

    session: SessionId
    status: int
    """The final status; 408: no answer at all, 503: no next hop (§8.1.3.1)."""
    causes: tuple[Cause, ...] = ()
    local: bool = False
    """True: the status is our own conclusion, not the far end's word."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Our 200 was acknowledged."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Described:
    """The far end answered an offer of ours, in ACK, PRACK or a 2xx to re-INVITE."""

    session: SessionId
    description: SessionDescription


@dataclass(frozen=True, slots=True)
class Offered:
    """A new offer came by re-INVITE, UPDATE, PRACK or reliable response.

    Answer it with :class:`AnswerOffer` or :class:`RefuseOffer`. ``description`` None: a
    re-INVITE without an offer, to be answered with an offer of ours.
    """

    session: SessionId
    description: SessionDescription | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFailed:
    """Our own new offer was refused for good; the session goes on as it was.

    A 491 is retried by the session itself (RFC 3261 §14.1).
    """

    session: SessionId
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A key came by INFO (application/dtmf-relay or application/dtmf)."""

    session: SessionId
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The session is over; the far end has been told what there was to tell."""

    session: SessionId
    reason: EndReason
    causes: tuple[Cause, ...] = ()
    """What the far end's BYE or CANCEL gave as Reason."""


@dataclass(frozen=True, slots=True)
class DialogChanged:
    """Route set, target, CSeq or timer changed: the image kept of the session is stale."""

    session: SessionId


Event: TypeAlias = (
    Invited
    | Progressed
    | Accepted
    | Refused
    | Confirmed
    | Described
    | Offered
    | OfferFailed
    | Pressed
    | Ended
    | DialogChanged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """Call somebody through a trunk."""

    session: SessionId
    """A fresh tag; it becomes the From tag."""
    trunk: str
    user: str
    """Who is called: the user part of the Request-URI and To."""
    from_user: str
    """Who calls, as the called side may see it; empty for anonymous."""
    from_display: str = ""
    asserted: str = ""
    """A number for P-Asserted-Identity when the trunk is trusted; else empty."""
    private: bool = False
    """Ask for Privacy: id and show an anonymous From (RFC 3323, RFC 3325)."""
    diverted_from: str = ""
    """A number for Diversion and History-Info, with reason unconditional; or empty."""
    diversions: int = 1
    """How often the call has been sent on, which Diversion counts (RFC 5806 §5.2)."""
    max_forwards: int = 70
    offer: SessionDescription
    patience: float = 5.0
    """Seconds to wait for the first provisional response before trying the next hop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Send a provisional response. With a description it is the answer, or our offer."""

    session: SessionId
    status: int
    description: SessionDescription | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Answer with 200. ``description`` None repeats what a provisional response carried."""

    session: SessionId
    description: SessionDescription | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """End an invitation that was not accepted with a final response."""

    session: SessionId
    status: int
    causes: tuple[Cause, ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Release the session in whatever state it is, by CANCEL, BYE or a 487 as is right."""

    session: SessionId
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """Send a new offer by re-INVITE; answered by Described or OfferFailed."""

    session: SessionId
    description: SessionDescription


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    """Answer what :class:`Offered` brought."""

    session: SessionId
    description: SessionDescription


@dataclass(frozen=True, slots=True)
class RefuseOffer:
    """Refuse what :class:`Offered` brought; the session goes on as it was."""

    session: SessionId
    status: int = 488


Order: TypeAlias = (
    Invite | Ring | Accept | Refuse | HangUp | Offer | AnswerOffer | RefuseOffer
)


class SessionImage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmed session as a value: all that a restarted process needs to go on with it.

    Times are seconds from the moment the image was taken, as instants of a monotonic clock
    mean nothing to another process.
    """

    session: SessionId
    calling: bool
    """We sent the INVITE."""
    trunk: str
    call_id: str
    remote_tag: str
    local_uri: str
    remote_uri: str
    remote_target: str
    route_set: tuple[str, ...]
    local_cseq: int
    remote_cseq: int | None
    transport: str
    local_address: Address
    remote_address: Address
    """Where the last request of the far end came from, or ours went to."""
    local_description: SessionDescription | None
    remote_description: SessionDescription | None
    confirmed: bool
    """Our 2xx has been acknowledged, or we acknowledged theirs."""
    session_interval: int | None = None
    """Session-Expires in seconds, None without a session timer (RFC 4028)."""
    we_refresh: bool = False
    expires_in: float | None = None
    """Seconds until the session timer runs out."""
