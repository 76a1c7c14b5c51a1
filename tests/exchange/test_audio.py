"""Holds, glare, codecs and keys across the two legs of a call."""

from dataclasses import replace

import pytest
from msgspec import structs

from b2bua.call.media import AudioStopped, ConnectPort, FarEnd, KeyPressed, LegId, PressKeys
from b2bua.service.flow.dossier import Moment
from b2bua.service.record import Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.sdp.description import Direction, Format, SessionDescription
from b2bua.sip.sdp.negotiation import make_offer
from tests.exchange.scripts import Answers, Scene, plan
from tests.support.stage import CALLER, Phone, audio

SENDRECV, SENDONLY = Direction.SENDRECV, Direction.SENDONLY
RECVONLY, INACTIVE = Direction.RECVONLY, Direction.INACTIVE


def talking() -> Scene:
    return Scene(plan(), Answers(after=0.5)).run(3)


def session_of(phone: Phone) -> SessionId:
    return SessionId(phone.told[0].session)


def turn(scene: Scene, phone: Phone, direction: Direction) -> None:
    """Let a phone hold, or resume; it also answers with that direction from now on."""
    phone.local = replace(phone.local, direction=direction, version=phone.local.version + 1)
    offer = sip.Offer(session_of(phone), make_offer(phone.local))
    scene.stage.order(phone, offer)
    scene.run(5)


def offered(phone: Phone) -> list[Direction]:
    """The directions that a phone was offered in the call."""
    return [
        event.description.media[0].direction
        for event in phone.told
        if isinstance(event, sip.Offered) and event.description is not None
    ]


def versions(phone: Phone) -> list[int]:
    """The versions of every description that a phone was given."""
    told = [getattr(event, "description", None) for event in phone.told]
    offers = [
        event.invitation.offer for event in phone.told if isinstance(event, sip.Invited)
    ]
    return [one.version for one in (*offers, *told) if isinstance(one, SessionDescription)]


@pytest.mark.parametrize("by_caller", [True, False])
def test_hold_and_resume_are_carried_across(by_caller: bool) -> None:
    scene = talking()
    one, other = scene.caller, scene.first
    if not by_caller:
        one, other = other, one
    turn(scene, one, SENDONLY)
    turn(scene, one, SENDRECV)
    assert offered(other) == [SENDONLY, SENDRECV]
    assert offered(one) == []
    assert versions(other) == sorted(set(versions(other)))
    scene.hang_up().assert_nothing_left()


def test_both_hold_and_both_come_back() -> None:
    scene = talking()
    turn(scene, scene.caller, SENDONLY)
    turn(scene, scene.first, INACTIVE)
    turn(scene, scene.caller, SENDRECV)
    turn(scene, scene.first, SENDRECV)
    ends = {
        order.leg: order.far_end
        for order in scene.stage.ports.orders
        if isinstance(order, ConnectPort)
    }
    assert [(end.sending, end.receiving) for end in ends.values()] == [(True, True)] * 2
    assert offered(scene.caller)[-1] is SENDRECV
    assert offered(scene.first)[-1] is SENDRECV
    scene.hang_up().assert_nothing_left()


def test_a_held_phone_that_only_listens_holds_nobody() -> None:
    scene = talking()
    turn(scene, scene.first, RECVONLY)
    assert offered(scene.caller) == []
    scene.hang_up().assert_nothing_left()


def test_hold_by_the_address_of_nobody() -> None:
    """RFC 3264 §8.4: what older phones do."""
    scene = talking()
    scene.caller.local = replace(scene.caller.local, address="0.0.0.0", version=2)
    offer = make_offer(scene.caller.local)
    scene.stage.order(scene.caller, sip.Offer(scene.session, offer))
    scene.run(2)
    assert offered(scene.first) == [SENDONLY]
    scene.hang_up().assert_nothing_left()


@pytest.mark.parametrize(
    ("direction", "ends"),
    [(SENDRECV, True), (SENDONLY, False), (INACTIVE, False), (RECVONLY, False)],
)
def test_silence_ends_a_call_unless_somebody_holds(
    direction: Direction, ends: bool
) -> None:
    """Whoever holds mostly sends nothing, though he says that he would."""
    scene = talking()
    if direction is not SENDRECV:
        turn(scene, scene.caller, direction)
    (call,) = scene.stage.journal
    leg = LegId(next(iter(scene.stage.ports.open)))
    scene.stage.tell(AudioStopped(call=call, leg=leg, seconds=30.0))
    scene.run(1)
    assert [record.end_reason for record in scene.stage.records] == ["no audio"] * ends
    scene.hang_up().assert_nothing_left()


def test_a_glare_ends_with_both_turned_and_no_version_goes_back() -> None:
    scene = talking()
    for phone in (scene.caller, scene.first):
        phone.local = replace(phone.local, direction=SENDONLY, version=2)
        offer = sip.Offer(session_of(phone), make_offer(phone.local))
        scene.stage.order(phone, offer)
    scene.run(30)
    assert offered(scene.caller)[-1] in (SENDONLY, INACTIVE)
    assert offered(scene.first)[-1] in (SENDONLY, INACTIVE)
    for phone in (scene.caller, scene.first):
        assert versions(phone) == sorted(versions(phone))
    scene.hang_up().assert_nothing_left()


def test_a_refused_hold_leaves_things_as_they_were() -> None:
    scene = talking()

    def refuses(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
        if isinstance(event, sip.Offered):
            return [sip.RefuseOffer(event.session)]
        return []

    scene.first.script = refuses
    turn(scene, scene.caller, SENDONLY)
    scene.stage.crash()
    (call,) = scene.stage.journal
    leg = LegId(list(scene.stage.ports.open)[1])
    scene.stage.tell(AudioStopped(call=call, leg=leg, seconds=30.0))
    scene.run(1)
    assert [record.end_reason for record in scene.stage.records] == ["no audio"]


def test_no_codec_in_common_is_488() -> None:
    scene = Scene(plan(), Answers(), dial=False)
    offer = make_offer(audio(CALLER))
    stream = structs.replace(
        offer.media[0], formats=(Format(payload_type=18, encoding="G729"),)
    )
    scene.session = scene.stage.dial(
        scene.caller, offer=structs.replace(offer, media=(stream,))
    )
    scene.run(5).assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.status, record.q850) == (Outcome.FAILED, 488, 88)
    assert scene.first.told == []


def test_each_leg_has_its_own_codec_and_the_callers_is_offered_first() -> None:
    scene = Scene(plan(), Answers(after=0.5), dial=False)
    scene.caller.local = replace(scene.caller.local, codecs=("PCMU",))
    scene.first.local = replace(scene.first.local, codecs=("PCMA",))
    scene.session = scene.stage.dial(scene.caller)
    scene.run(2)
    assert [end.codec for end in far_ends(scene)] == ["PCMA", "PCMU"]
    invited = next(e for e in scene.first.told if isinstance(e, sip.Invited))
    assert invited.invitation.offer is not None
    formats = invited.invitation.offer.media[0].formats
    assert [one.encoding for one in formats][:2] == ["PCMU", "PCMA"]
    scene.hang_up().assert_nothing_left()


def far_ends(scene: Scene) -> list[FarEnd]:
    orders = scene.stage.ports.orders
    return [order.far_end for order in orders if isinstance(order, ConnectPort)]


def test_a_caller_without_telephone_event() -> None:
    scene = Scene(plan(), Answers(after=0.5), dial=False)
    scene.caller.local = replace(scene.caller.local, events_payload_type=None)
    scene.session = scene.stage.dial(scene.caller)
    scene.run(2)
    assert [end.events_payload_type for end in far_ends(scene)] == [101, None]
    scene.hang_up().assert_nothing_left()


def test_keys_by_info_are_pressed_on_the_other_leg_once() -> None:
    scene = talking()
    call, (caller, destination) = next(iter(scene.stage.journal)), scene.stage.ports.open
    stage = scene.stage
    stage.tell(KeyPressed(call=call, leg=caller, digit="5"))
    for digit, leg in (("5", caller), ("7", caller), ("9", destination)):
        press(scene, leg, digit)
    keys = [order for order in stage.ports.orders if isinstance(order, PressKeys)]
    assert [(order.leg, order.digits) for order in keys] == [
        (destination, "7"),
        (caller, "9"),
    ]
    scene.hang_up().assert_nothing_left()


def press(scene: Scene, leg: LegId, digit: str) -> None:
    """An INFO, as the session of the leg tells of it."""
    event = sip.Pressed(session=SessionId(leg), digit=digit, duration_ms=100)
    stage = scene.stage
    exchange, moment = stage.exchange, Moment(stage.now, stage.at)
    flow = exchange._calls.of(event.session)
    stage.carry_out(exchange._tell(flow, lambda call: call.receive(event, moment)))


STRANGER = ("10.0.1.1", 5099)
INVITE = """INVITE sip:4006001234@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.1.1:5099;branch=z9hG4bKlate
Max-Forwards: 70
From: <sip:13800001111@10.0.1.1>;tag=late
To: <sip:4006001234@10.0.0.1>
Call-ID: late@10.0.1.1
CSeq: 1 INVITE
Contact: <sip:10.0.1.1:5099>
{supported}Content-Length: 0

"""


@pytest.mark.parametrize("supported", ["", "Supported: 100rel\n"])
def test_a_caller_who_lets_us_offer(supported: str) -> None:
    """Nothing can be heard before the answer unless 183 is reliable (RFC 3262 §5)."""
    scene = Scene(plan(greeting="welcome"), Answers(after=1), dial=False)
    text = INVITE.format(supported=supported).replace("\n", "\r\n")
    scene.stage.send(STRANGER, text)
    scene.run(0.1)
    said = [data.split(b"\r\n", 1)[0] for data in scene.stage.post[STRANGER]]
    if supported:
        reliable = scene.stage.post[STRANGER][-1]
        assert said[-1] == b"SIP/2.0 183 Session Progress"
        assert b"Require: 100rel" in reliable
        assert b"m=audio" in reliable
    else:
        assert said == [b"SIP/2.0 100 Trying", b"SIP/2.0 180 Ringing"]
