"""One leg's descriptions: offers that count when answered, holds, versions."""

from dataclasses import replace

import pytest
from msgspec import structs

from b2bua.call.audio import LegAudio
from b2bua.call.media import CallId, ConnectPort, LegId
from b2bua.sip.sdp.description import Direction, Format
from tests.call.builders import agreed, answer, audio, offer

SENDRECV, SENDONLY = Direction.SENDRECV, Direction.SENDONLY
RECVONLY, INACTIVE = Direction.RECVONLY, Direction.INACTIVE


@pytest.mark.parametrize(
    ("theirs", "held", "silent"),
    [
        (SENDRECV, SENDRECV, False),
        (SENDONLY, SENDONLY, True),
        (RECVONLY, SENDRECV, True),
        (INACTIVE, INACTIVE, True),
    ],
)
def test_who_holds_and_whose_silence_is_natural(
    theirs: Direction, held: Direction, silent: bool
) -> None:
    leg = agreed()
    assert leg.take_offer(offer(theirs, 2)) is not None
    leg.connect()
    assert (leg.held, leg.on_hold) == (held, silent)


@pytest.mark.parametrize(
    ("ours", "theirs", "held"),
    [
        (SENDRECV, SENDRECV, SENDRECV),
        (SENDRECV, SENDONLY, SENDONLY),
        (SENDRECV, INACTIVE, INACTIVE),
        (SENDONLY, SENDRECV, SENDRECV),
        (SENDONLY, INACTIVE, INACTIVE),
        (INACTIVE, SENDRECV, SENDRECV),
    ],
)
def test_what_an_answer_tells_of_the_far_ends_will(
    ours: Direction, theirs: Direction, held: Direction
) -> None:
    """Who is offered nothing to hear says nothing of whether he would listen."""
    leg = agreed()
    assert leg.take_answer(answer(leg.turn(ours), theirs))
    assert leg.held is held


def test_a_refused_offer_leaves_no_trace() -> None:
    leg = agreed()
    before = leg.image
    leg.turn(INACTIVE)
    leg.offer_failed()
    after = leg.image
    assert before is not None
    assert after == replace(before, version=before.version + 1)
    assert leg.connect() == []


def test_an_early_answer_leaves_the_offer_open_for_another_fork() -> None:
    leg = audio()
    first = leg.offer()
    one, two = answer(first), structs.replace(answer(first), session_id=77)
    assert leg.take_answer(one, early=True)
    assert leg.take_answer(two, early=True)
    assert (leg.local, leg.remote) == (first, two)
    assert leg.ours == first


def test_an_answer_without_audio_changes_nothing() -> None:
    leg = agreed()
    before = leg.remote
    stream = leg.turn(SENDRECV).media[0]
    nothing = structs.replace(stream, formats=(Format(payload_type=18, encoding="G729"),))
    assert not leg.take_answer(structs.replace(offer(), media=(nothing,)))
    assert leg.remote is before


def test_the_version_grows_with_each_description() -> None:
    leg = agreed()
    assert leg.local is not None
    seen = [leg.local.version]
    for description in (leg.turn(SENDONLY), leg.take_offer(offer(version=3)), leg.offer()):
        assert description is not None
        seen.append(description.version)
    assert seen == sorted(set(seen))


def test_the_port_is_connected_once_for_the_same_far_end() -> None:
    leg = audio()
    leg.answer(offer())
    assert leg.codec == "PCMA"
    (order,) = leg.connect()
    assert isinstance(order, ConnectPort)
    assert leg.connect() == []


def test_a_restored_leg_knows_who_holds() -> None:
    leg = agreed()
    leg.take_offer(offer(SENDONLY, 2))
    image = leg.image
    assert image is not None
    again = LegAudio.restored(CallId("call"), LegId("leg"), image)
    assert (again.held, again.on_hold, again.image) == (SENDONLY, True, image)
