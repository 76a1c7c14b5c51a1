"""What each kind of leg makes of what its session and its port say."""

import pytest

from b2bua.call.bridge import Bridge
from b2bua.call.destination import DestinationLeg
from b2bua.call.events import (
    Answered,
    Ended,
    Failed,
    FellSilent,
    NoAudio,
    Pressed,
    Rang,
    Release,
    Stale,
    Turned,
    Unheard,
    Verdict,
)
from b2bua.call.leg import KeyEar, LegOutput
from b2bua.call.media import AudioStopped, ConnectPort, HearLeg, LegId, LetHear, PortFailed
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import EndReason, SessionId
from b2bua.sip.sdp.description import Direction
from tests.call.builders import CALL, answer, caller, offer, opened, target

SESSION = SessionId("desk")
LEG = LegId("desk")


def destination() -> tuple[DestinationLeg, sip.Invite]:
    """An attempt that was dialled, and its invitation."""
    leg = DestinationLeg(CALL, SESSION, target(), session_id=2, codecs=("PCMA", "PCMU"))
    leg.dial(0.0, 60.0)
    (invite,) = leg.hear_of(opened(LEG, 30000), 0.0)
    assert isinstance(invite, sip.Invite)
    return leg, invite


def answered() -> DestinationLeg:
    leg, invite = destination()
    leg.receive(accepted(answer(invite.offer)), 1.0)
    return leg


def accepted(description: object, fork: str = "a") -> sip.Accepted:
    return sip.Accepted(session=SESSION, description=description, fork=fork)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "heard"),
    [
        ([("1", True, 0.0)], "1"),
        ([("1", True, 0.0), ("1", False, 0.05)], "1"),
        ([("1", False, 0.0), ("1", True, 0.05)], "1"),
        ([("1", True, 0.0), ("1", False, 0.11)], "11"),
        ([("1", True, 0.0), ("1", True, 0.05)], "11"),
        ([("1", True, 0.0), ("2", False, 0.05)], "12"),
        (
            [("1", True, 0.0), ("1", False, 0.05), ("1", True, 0.12), ("1", False, 0.17)],
            "11",
        ),
    ],
)
def test_a_key_by_two_ways_is_one_key(
    keys: list[tuple[str, bool, float]], heard: str
) -> None:
    ear = KeyEar(LEG)
    said: list[LegOutput] = []
    for digit, in_audio, now in keys:
        said += ear.press(digit, in_audio=in_audio, now=now)
    assert "".join(one.digit for one in said if isinstance(one, Pressed)) == heard


@pytest.mark.parametrize(
    ("reason", "release"),
    [
        (EndReason.HUNG_UP, Release.HUNG_UP),
        (EndReason.CANCELLED, Release.GAVE_UP),
        (EndReason.RELEASED, Release.RELEASED),
        (EndReason.NO_ACK, Release.UNACKNOWLEDGED),
        (EndReason.EXPIRED, Release.EXPIRED),
        (EndReason.LOST, Release.LOST),
        (EndReason.FAILED, Release.LOST),
    ],
)
def test_how_a_caller_goes_is_said_once(reason: EndReason, release: Release) -> None:
    leg = caller(offer())
    event = sip.Ended(session=SessionId("caller"), reason=reason)
    assert leg.receive(event, 1.0) == [Ended(leg=leg.leg, release=release)]
    assert leg.receive(event, 1.0) == []
    assert leg.answer() == []
    assert leg.end(480, ()) == []


def test_early_media_is_described_once_and_the_same() -> None:
    leg = caller(offer())
    assert leg.ring() == [sip.Ring(session=SessionId("caller"), status=180)]
    assert leg.ring() == []
    early = leg.progress()
    assert isinstance(early[0], sip.Ring)
    assert isinstance(early[1], ConnectPort)
    assert leg.progress() == []
    (accept,) = leg.answer()
    assert isinstance(accept, sip.Accept)
    assert accept.description == early[0].description


@pytest.mark.parametrize(("reliable", "status"), [(True, 183), (False, 180)])
def test_a_caller_who_lets_us_offer(reliable: bool, status: int) -> None:
    leg = caller(None, reliable=reliable)
    ring = leg.progress()[0]
    assert isinstance(ring, sip.Ring)
    assert (ring.status, ring.description is not None) == (status, reliable)


@pytest.mark.parametrize("open_", [True, False])
def test_a_failure_at_the_port(open_: bool) -> None:
    leg = caller(offer())
    leg.audio.ready = open_
    fact = PortFailed(call=CALL, leg=leg.leg, reason="why")
    said = [Unheard(leg.leg, "why")] if open_ else [NoAudio(leg.leg, 503, "why")]
    assert leg.hear_of(fact, 0.0) == said


def test_each_fork_answers_for_itself() -> None:
    """The one that wins may have described itself in a reliable 183 alone."""
    leg, invite = destination()
    one, two = answer(invite.offer), answer(invite.offer, Direction.SENDONLY)
    for fork, description in (("a", one), ("b", two)):
        progressed = sip.Progressed(
            session=SESSION, status=183, description=description, fork=fork
        )
        assert Rang(LEG, audio=True) in leg.receive(progressed, 0.5)
    said = leg.receive(accepted(None, "a"), 1.0)
    assert said[-1] == Answered(LEG)
    assert leg.audio.remote == one


def test_an_answer_without_audio_is_released_and_passed_over() -> None:
    leg, _ = destination()
    hang_up, failed = leg.receive(accepted(None), 1.0)
    assert isinstance(hang_up, sip.HangUp)
    assert failed == Failed(leg=LEG, verdict=Verdict.UNREACHABLE, status=488, q850=88)
    assert leg.receive(sip.Ended(session=SESSION, reason=EndReason.RELEASED), 1.0) == []


def test_silence_is_told_of_one_who_should_speak() -> None:
    leg = answered()
    silence = AudioStopped(call=CALL, leg=LEG, seconds=30)
    assert leg.hear_of(silence, 40.0) == [FellSilent(LEG)]
    leg.receive(sip.Offered(SESSION, offer(Direction.SENDONLY, 2)), 50.0)
    assert leg.hear_of(silence, 90.0) == []


def test_an_offer_that_waits_is_made_anew_after_theirs() -> None:
    leg, one = answered(), caller(offer())
    (waiting,) = Bridge(one, leg).turned(Turned(one.leg, Direction.SENDONLY))
    assert isinstance(waiting, sip.Offer)
    said = leg.receive(sip.Offered(SESSION, offer(version=2)), 5.0)
    assert isinstance(said[0], sip.AnswerOffer)
    again = next(each for each in said if isinstance(each, sip.Offer))
    assert again.description.media[0].direction is Direction.SENDONLY
    versions = [waiting.description, said[0].description, again.description]
    assert [one.version for one in versions] == sorted(one.version for one in versions)
    assert said[-1] == Stale(LEG)


def test_a_re_invite_without_offer_is_offered_everything() -> None:
    leg = answered()
    leg.receive(sip.Offered(SESSION, offer(Direction.SENDONLY, 2)), 5.0)
    ours, _ = leg.receive(sip.Offered(SESSION, None), 6.0)
    assert isinstance(ours, sip.AnswerOffer)
    assert ours.description.media[0].direction is Direction.SENDRECV
    told = leg.receive(sip.Described(SESSION, answer(ours.description)), 6.1)
    assert Turned(LEG, Direction.SENDRECV) in told


def test_the_bridge_lets_each_hear_the_other_and_carries_holds() -> None:
    one, other = caller(offer()), answered()
    one.answer()
    bridge = Bridge(one, other)
    assert bridge.join() == [
        LetHear(call=CALL, leg=one.leg, hearing=HearLeg(other.leg)),
        LetHear(call=CALL, leg=other.leg, hearing=HearLeg(one.leg)),
    ]
    (to_other,) = bridge.turned(Turned(one.leg, Direction.SENDONLY))
    (to_caller,) = bridge.turned(Turned(other.leg, Direction.INACTIVE))
    assert isinstance(to_other, sip.Offer)
    assert isinstance(to_caller, sip.Offer)
    assert (to_other.session, to_caller.session) == (SESSION, SessionId("caller"))
    other.hang_up()
    assert bridge.turned(Turned(one.leg, Direction.SENDRECV)) == []


@pytest.mark.parametrize(
    ("status", "local", "verdict", "spent"),
    [
        (486, True, Verdict.BUSY, True),
        (408, True, Verdict.UNREACHABLE, True),
        (503, True, Verdict.UNREACHABLE, True),
        (503, False, Verdict.UNREACHABLE, True),
        (488, True, Verdict.UNREACHABLE, False),
        (486, False, Verdict.BUSY, False),
        (408, False, Verdict.NO_ANSWER, False),
    ],
)
def test_a_trunk_that_takes_no_call_is_told_from_a_destination_that_does_not(
    status: int, local: bool, verdict: Verdict, spent: bool
) -> None:
    leg, _ = destination()
    refused = sip.Refused(session=SESSION, status=status, local=local)
    (failed,) = leg.receive(refused, 0.0)
    assert failed == Failed(
        leg=leg.leg, verdict=verdict, status=status, q850=0, spent=spent
    )
