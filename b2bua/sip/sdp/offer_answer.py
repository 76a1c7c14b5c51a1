"""Who has offered what, and which move is legal now: RFC 3264 §4, RFC 6337 §2.3.

Three states and six moves::

              offer_sent                    offer_received
    OFFERED <------------- STABLE ------------------------> ASKED
            -------------> STABLE <------------------------
      answer_received, withdrawn            answer_sent, refused

Until an offer is answered, or given up, the last agreed pair of descriptions is in force.
"""

import enum

from b2bua.core.errors import InvalidState
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.errors import UnexpectedDescription


class OfferState(enum.Enum):
    """Whose turn it is."""

    STABLE = "stable"
    """Either side may offer."""
    OFFERED = "offered"
    """We offered; the far end has to answer."""
    ASKED = "asked"
    """The far end offered; we have to answer."""


class OfferAnswer:
    """The exchange of descriptions in one dialog."""

    __slots__ = ("local", "offer", "remote", "state")

    def __init__(
        self,
        local: SessionDescription | None = None,
        remote: SessionDescription | None = None,
    ) -> None:
        self.state = OfferState.STABLE
        self.local = local
        """Ours as last agreed."""
        self.remote = remote
        """Theirs as last agreed."""
        self.offer: SessionDescription | None = None
        """The offer under way, whoever made it."""

    @property
    def agreed(self) -> bool:
        """Whether there is a pair of descriptions in force."""
        return self.local is not None and self.remote is not None

    def offer_sent(self, description: SessionDescription) -> None:
        """We offer. Raises :class:`InvalidState` unless stable."""
        self._expect(OfferState.STABLE)
        self.state, self.offer = OfferState.OFFERED, description

    def answer_sent(self, description: SessionDescription) -> None:
        """We answer the far end's offer. Raises :class:`InvalidState` if there is none."""
        self._expect(OfferState.ASKED)
        self._settle(description, self.offer)

    def refused(self) -> None:
        """We refuse the far end's offer (488, 491 …)."""
        self._expect(OfferState.ASKED)
        self._settle(self.local, self.remote)

    def withdrawn(self) -> None:
        """Our offer was refused, or its request failed."""
        self._expect(OfferState.OFFERED)
        self._settle(self.local, self.remote)

    def offer_received(self, description: SessionDescription) -> None:
        """The far end offers. Raises :class:`UnexpectedDescription` unless stable."""
        match self.state:
            case OfferState.STABLE:
                self.state, self.offer = OfferState.ASKED, description
            case OfferState.OFFERED:
                raise UnexpectedDescription("Request Pending", 491)
            case OfferState.ASKED:
                raise UnexpectedDescription("Earlier Offer Not Answered", 500)

    def answer_received(self, description: SessionDescription) -> None:
        """The far end answers. Raises :class:`UnexpectedDescription` unless we offered."""
        if self.state is not OfferState.OFFERED:
            raise UnexpectedDescription("Answer Without Offer", 400)
        self._settle(self.offer, description)

    def _expect(self, state: OfferState) -> None:
        if self.state is not state:
            raise InvalidState(f"offer/answer is {self.state.value}, not {state.value}")

    def _settle(
        self, local: SessionDescription | None, remote: SessionDescription | None
    ) -> None:
        self.state, self.offer = OfferState.STABLE, None
        self.local, self.remote = local, remote
