"""SRTP: sealed and opened by RFC 3711, and nothing else is heard or said."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from media.dtmf.events import TelephoneEvent, build_event
from media.engine.plan import Codec, Heard, PortPlan, Pressed, Secret, Sending, Suite
from media.rtp.packet import Packet, build_packet
from media.rtp.rtcp import ReceiverReport, ReportBlock, build_report
from tests.media.engine.rigs import SSRC, Far, LoopbackRig, Rig, audio, srtp
from tests.support.srtp import Srtp

ACCEPTS = ((8, Codec.PCMA),)
CODES = bytes(range(160))


def secret(number: int, suite: Suite = Suite.AES_CM_128_HMAC_SHA1_80) -> Secret:
    return Secret(suite, bytes((number + i) % 256 for i in range(suite.key_size)))


OURS, THEIRS, OTHER = secret(1), secret(2), secret(3)


def plan(far: Far, **changed: object) -> PortPlan:
    sealed = PortPlan(
        remote=far.address,
        remote_rtcp=far.address,
        accepts=ACCEPTS,
        events_payload_type=101,
        seals=OURS,
        opens=THEIRS,
    )
    return replace(sealed, **changed)  # type: ignore[arg-type]


def sealed(cipher: Srtp, data: bytes, *, rtcp: bool = False) -> bytes:
    packet = cipher.seal(data, rtcp)
    assert packet is not None
    return packet


@pytest.mark.parametrize("suite", list(Suite))
def test_audio_crosses_from_srtp_to_rtp_and_back(rig: Rig, suite: Suite) -> None:
    ours, theirs = secret(1, suite), secret(2, suite)
    secure, plain = rig.open(), rig.open()
    one, other = rig.far(), rig.far()
    one.opens = srtp(ours)
    hears = {"sending": Sending.PEER}
    rig.arrange(secure, plan(one, seals=ours, opens=theirs, peer=plain, **hears))
    clear = plan(other, seals=None, opens=None, peer=secure, **hears)
    rig.arrange(plain, clear)
    cipher = srtp(theirs)
    # Sequence numbers wrap, and with them the rollover counter (§3.3.1).
    for number in range(65534, 65540):
        rig.send(one, secure, sealed(cipher, audio(number, CODES)))
        rig.until(lambda: len(other.packets) == number - 65533)  # noqa: B023
        rig.send(other, plain, audio(number, CODES))
        rig.until(lambda: len(one.packets) == number - 65533)  # noqa: B023
    assert {packet.payload for packet in one.packets + other.packets} == {CODES}


def test_what_is_not_sealed_with_the_key_is_no_sign_of_life(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    good = sealed(srtp(THEIRS), audio(1))
    spoilt = [
        audio(1),
        sealed(srtp(OTHER), audio(1)),
        good[:-1] + bytes((good[-1] ^ 1,)),
        good[:20],
        b"\x80",
        b"",
    ]
    for data in spoilt:
        rig.send(far, port, data)
    rig.until(lambda: rig.statistics(port).packets_unauthentic == len(spoilt))
    assert rig.statistics(port).packets_dropped == len(spoilt)
    assert rig.events == []
    rig.send(far, port, good)
    rig.until(lambda: rig.events == [Heard(port)])
    rig.send(far, port, good)
    rig.until(lambda: rig.statistics(port).packets_unauthentic == len(spoilt) + 1)
    assert rig.statistics(port).packets_received == 1


def test_a_stranger_who_sends_it_first_does_not_make_it_a_replay(rig: Rig) -> None:
    """Nor does what a stranger repeats count as forged: it is not looked into."""
    port, far, stranger = rig.open(), rig.far(), rig.far("127.0.0.2")
    rig.arrange(port, plan(far))
    cipher = srtp(THEIRS)
    heard = [sealed(cipher, audio(number)) for number in range(3)]
    report = sealed(cipher, build_report(ReceiverReport(7)), rtcp=True)
    for data in heard:
        rig.send(stranger, port, data)
        rig.until(lambda: rig.statistics(port).packets_foreign > 0)
        rig.send(far, port, data)
    rig.send(stranger, port, report)
    rig.send(stranger, port, report, rtcp=True)
    rig.until(lambda: rig.statistics(port).packets_foreign == 5)
    rig.send(far, port, report)
    rig.until(lambda: rig.statistics(port).packets_received == 3)
    assert rig.statistics(port).packets_unauthentic == 0


def test_a_new_key_takes_the_place_of_the_old_one_and_ours_goes_on(rig: Rig) -> None:
    """As a re-INVITE with another key has it, to a leg that has none."""
    secure, plain = rig.open(), rig.open()
    one, other = rig.far(), rig.far()
    one.opens = srtp(OURS)
    hears = {"sending": Sending.PEER}
    clear = plan(other, seals=None, opens=None, peer=secure, **hears)
    rig.arrange(secure, plan(one, peer=plain, **hears))
    rig.arrange(plain, clear)
    rig.send(one, secure, sealed(srtp(THEIRS), audio(65535, CODES)))
    rig.send(other, plain, audio(65535, CODES))
    rig.until(lambda: len(one.packets) == len(other.packets) == 1)
    rig.arrange(secure, plan(one, peer=plain, opens=OTHER, latch_epoch=1, **hears))
    rig.send(one, secure, sealed(srtp(THEIRS), audio(65536, CODES)))
    rig.until(lambda: rig.statistics(secure).packets_unauthentic == 1)
    rig.send(one, secure, sealed(srtp(OTHER), audio(65537, CODES)))
    rig.send(other, plain, audio(65536, CODES))
    # What we send has rolled over meanwhile, and is opened by the cipher that there was.
    rig.until(lambda: len(one.packets) == len(other.packets) == 2)


def test_prompts_and_keys_are_sealed(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    far.opens = srtp(OURS)
    prompt = rig.load(CODES * 2)
    rig.arrange(port, plan(far, sending=Sending.PROMPTS, prompts=(prompt,), play_epoch=1))
    rig.until(lambda: len(far.packets) >= 3)
    assert far.packets[0].payload == far.packets[1].payload == CODES
    rig.send_digits(port, "5")
    rig.until(lambda: any(packet.payload_type == 101 for packet in far.packets))


def test_keys_are_heard(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    cipher = srtp(THEIRS)
    for number, end in enumerate((False, False, True, True, True)):
        payload = build_event(TelephoneEvent(event=5, duration=160 * number, end=end))
        packet = Packet(
            payload_type=101, sequence=number, timestamp=9, ssrc=7, payload=payload
        )
        rig.send(far, port, sealed(cipher, build_packet(packet)))
    rig.until(lambda: any(isinstance(event, Pressed) for event in rig.events))


def test_reports_are_sealed_and_opened(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    far.opens = srtp(OURS)
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    block = ReportBlock(ssrc=SSRC, cumulative_lost=7)
    report = build_report(ReceiverReport(7, (block,)))
    rig.send(far, port, report)
    rig.until(lambda: rig.statistics(port).packets_unauthentic == 1)
    assert rig.statistics(port).remote_lost == 0
    rig.send(far, port, sealed(srtp(THEIRS), report, rtcp=True))
    rig.until(lambda: rig.statistics(port).remote_lost == 7)
    rig.until(lambda: len(far.reports) > 0, 6.0)


def test_a_plan_with_the_same_keys_goes_on_where_it_was(rig: Rig) -> None:
    """The counter of our packets must never begin again under one key."""
    port, far = rig.open(), rig.far()
    far.opens = srtp(OURS)
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    # Past the wrap of the sequence numbers, which a new cipher would know nothing of.
    rig.until(lambda: len(far.packets) >= 8)
    rig.arrange(port, plan(far, sending=Sending.SILENCE, latch_epoch=1, opens=OTHER))
    rig.until(lambda: len(far.packets) >= 12)
    rig.send(far, port, sealed(srtp(OTHER), audio(1)))
    rig.until(lambda: Heard(port) in rig.events)


@pytest.fixture
def compiled() -> Iterator[LoopbackRig]:
    made = LoopbackRig()
    yield made
    made.stop()


def test_no_more_than_sixteen_sources_under_one_key(compiled: LoopbackRig) -> None:
    port, far = compiled.open(), compiled.far()
    compiled.arrange(port, plan(far))
    cipher = srtp(THEIRS)
    for ssrc in range(18):
        compiled.send(far, port, sealed(cipher, audio(1, ssrc=ssrc)))
    compiled.until(lambda: compiled.statistics(port).packets_unauthentic == 2)
    assert compiled.statistics(port).packets_received == 16


def test_a_key_of_the_wrong_size_is_refused(compiled: LoopbackRig) -> None:
    wrong = Secret(Suite.AES_CM_128_HMAC_SHA1_80, bytes(46))
    with pytest.raises(ValueError, match="30"):
        compiled.arrange(compiled.open(), PortPlan(seals=wrong))


def test_a_secret_is_not_shown() -> None:
    assert repr(OURS.key) not in repr(PortPlan(seals=OURS))
    assert str(OURS.key.hex()) not in repr(OURS)
