"""Early media and the ringing tone (RFC 3960), and who allows it (RFC 5009)."""

from datetime import UTC, datetime

import pytest

from b2bua.call.caller import CallerLeg
from b2bua.call.events import Rang
from b2bua.call.leg import LegOutput
from b2bua.call.media import ConnectPort, HearLeg, HearPrompts, LegId, LetHear
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.ringing import Ringing
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Tariff
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Progressed, SessionId
from tests.call.builders import answer, caller, offer
from tests.call.test_legs import LEG, SESSION, destination
from tests.sip.endpoint.test_called import ANSWER, invited
from tests.sip.party import CALLED, CALLER, endpoint, invite
from tests.sip.peer import Peer

NOW = Moment(now=1.0, at=datetime(2026, 1, 1, tzinfo=UTC))
A, B = LegId("a"), LegId("b")
RINGBACK = "ringback"


class Ear:
    """What a caller is told and hears while destinations ring."""

    def __init__(self, early: str = "audible", answered: bool = False) -> None:
        self.leg: CallerLeg = caller(offer())
        dossier = Dossier(
            id="c",
            node="n",
            number="4006001234",
            caller=Caller(number="", kind=CallerKind.UNKNOWN),
            private=False,
            trunk="t",
            plan_version=1,
            tariff=Tariff(name="t", version=1, unit_price=400),
            invited=NOW,
            answered=NOW if answered else None,
        )
        if answered:
            self.leg.answer()
        self.ringing = Ringing(self.leg, dossier, lambda leg: early)

    def rang(self, leg: LegId, audio: bool, allowed: bool | None = None) -> list[str]:
        return words(self.ringing.rang(Rang(leg, audio, allowed), NOW))

    def spoke(self, leg: LegId) -> list[str]:
        return words(self.ringing.spoke(leg))

    def failed(self, leg: LegId) -> list[str]:
        return words(self.ringing.failed(leg))


def words(outputs: object) -> list[str]:
    assert isinstance(outputs, list | tuple)
    return [word(one) for one in outputs if not isinstance(one, ConnectPort)]


def word(output: LegOutput) -> str:
    match output:
        case sip.Ring(status=status):
            return str(status)
        case LetHear(hearing=HearLeg(leg)):
            return f"hears {leg}"
        case LetHear(hearing=HearPrompts()):
            return RINGBACK
        case _:
            return type(output).__name__


def test_180_alone_lets_the_callers_phone_ring_once() -> None:
    """RFC 3960 §3.2: no media, so the caller's own tone."""
    ear = Ear()
    assert ear.rang(A, False) == ["180"]
    assert ear.rang(A, False) == []
    assert ear.rang(B, False) == []


def test_183_without_audio_is_our_tone_until_audio_comes() -> None:
    """§3.2: a description is no media; §4.2: the gateway renders what arrives."""
    ear = Ear()
    assert ear.rang(A, True) == ["183", RINGBACK]
    assert ear.spoke(A) == ["hears a"]


def test_180_after_183_changes_nothing_that_is_heard() -> None:
    """§4.3: media wins over the tone, whatever response came last."""
    ear = Ear()
    ear.rang(A, True)
    ear.spoke(A)
    assert ear.rang(A, True) == []
    silent = Ear()
    silent.rang(A, True)
    assert silent.rang(A, True) == []
    assert silent.spoke(A) == ["hears a"]


def test_183_after_180_opens_early_media() -> None:
    ear = Ear()
    assert ear.rang(A, False) == ["180"]
    assert ear.rang(A, True) == ["183", RINGBACK]


def test_the_first_that_speaks_is_heard_and_then_the_other() -> None:
    """§3.1, §3.3: several at once; one at a time is heard, and never silence."""
    ear = Ear()
    ear.rang(A, True)
    ear.rang(B, True)
    assert ear.spoke(B) == ["hears b"]
    assert ear.spoke(A) == []
    assert ear.failed(B) == [RINGBACK]
    assert ear.rang(A, True) == ["hears a"]


def test_a_caller_who_was_answered_hears_it_without_any_response() -> None:
    """A menu answered: everything before the destination's answer is plain audio."""
    ear = Ear(answered=True)
    assert ear.rang(A, False) == []
    assert ear.rang(A, True) == []
    assert ear.spoke(A) == ["hears a"]


@pytest.mark.parametrize("early", ["audible", "passed", "own"])
def test_a_barred_attempt_only_rings(early: str) -> None:
    """RFC 5009 §4: inactive, so its audio is not heard, real as it may be."""
    ear = Ear(early)
    assert ear.rang(A, True, False) == ["180"]
    assert ear.spoke(A) == []
    assert ear.rang(A, True) == []


def test_what_was_barred_is_heard_once_it_is_allowed() -> None:
    """RFC 5009 §7: a later response changes it; audio that runs is heard at once."""
    ear = Ear()
    ear.rang(A, True, False)
    ear.spoke(A)
    assert ear.rang(A, True, True) == ["183", "hears a"]
    assert ear.rang(A, True, False) == [RINGBACK]
    assert ear.rang(A, True, True) == ["hears a"]


def test_what_is_allowed_is_heard_when_it_is_there() -> None:
    """Allowed is not audible: carriers allow it and send nothing."""
    ear = Ear()
    assert ear.rang(A, True, True) == ["183", RINGBACK]
    assert Ear("passed").rang(A, True, True) == ["183", "hears a"]
    assert Ear("own").rang(A, True, True) == ["180"]


def test_a_word_about_one_attempt_is_not_about_another() -> None:
    ear = Ear()
    ear.rang(A, True, False)
    ear.rang(B, True)
    assert ear.spoke(A) == []
    assert ear.spoke(B) == ["hears b"]


def test_each_early_dialog_may_move_the_audio() -> None:
    """RFC 3960 §3.1: of a forked INVITE the latest description is connected."""
    leg, sent = destination()
    one, two = answer(sent.offer), answer(sent.offer)
    ports = []
    for fork, described, port in (("x", one, 4000), ("y", two, 4100)):
        moved = described.media[0].__class__(
            **{name: getattr(described.media[0], name) for name in FIELDS}, port=port
        )
        changed = type(described)(
            session_id=described.session_id,
            version=described.version,
            address=described.address,
            media=(moved,),
        )
        progressed = Progressed(
            session=SESSION, status=183, description=changed, fork=fork, authorized=False
        )
        said = leg.receive(progressed, 1.0)
        assert said[-1] == Rang(LEG, audio=True, authorized=False)
        ports += [out.far_end.rtp_port for out in said if isinstance(out, ConnectPort)]
    assert ports == [4000, 4100]


FIELDS = ("kind", "protocol", "formats", "address", "direction", "packet_ms")


@pytest.mark.parametrize(
    ("value", "trusted", "allowed"),
    [
        ("sendrecv", True, True),
        ("sendonly", True, True),
        ("RecvOnly", True, False),
        ("inactive", True, False),
        ("inactive, sendrecv", True, False),
        ("gated, sendonly", True, True),
        ("gated", True, None),
        ("supported", True, None),
        ("x-new, inactive", True, False),
        ("", True, None),
        ("inactive", False, None),
    ],
)
def test_what_a_trunk_says_of_its_early_media(
    value: str, trusted: bool, allowed: bool | None
) -> None:
    """RFC 5009 §§6, 8: of the first stream, as its sender sees it, from the trusted."""
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"trusted": trusted}))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    supported = request.headers.first("P-Early-Media")
    assert supported == ("supported" if trusted else None)
    peer.answer(request, 183, ("P-Early-Media", value), description=ANSWER)
    (progressed,) = [one for one in peer.events if isinstance(one, Progressed)]
    assert progressed.authorized is allowed


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("asked", ["supported", "supported, gated", "", "sendrecv"])
def test_a_greeting_says_that_it_may_be_heard(asked: str, trusted: bool) -> None:
    """RFC 5009 §4: an IMS core lets no announcement through that does not ask for it."""
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"trusted": trusted}))
    session: SessionId = invited(peer, ("P-Early-Media", asked))
    peer.order(sip.Ring(session=session, status=180))
    peer.order(sip.Ring(session=session, status=183, description=ANSWER))
    peer.order(sip.Accept(session=session))
    said = [one.headers.first("P-Early-Media") for one in peer.responses("INVITE")]
    waits = trusted and "supported" in asked
    assert said == [None, None, "sendonly" if waits else None, None]
