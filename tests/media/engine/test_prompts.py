"""Prompts, silence, and the silence of others, on both engines."""

import pytest

from media.audio import g711
from media.engine.plan import Codec, Event, FellSilent, Played, PortPlan, Sending
from media.rtp.sequence import ahead32
from tests.media.engine.rigs import Far, Rig, audio


def playing(far: Far, *prompts: int, epoch: int = 1, repeat: bool = False) -> PortPlan:
    return PortPlan(
        remote=far.address,
        sending=Sending.PROMPTS,
        prompts=prompts,
        play_epoch=epoch,
        repeat=repeat,
    )


def spoken(far: Far) -> bytes:
    return b"".join(packet.payload for packet in far.packets)


def test_prompts_follow_each_other_without_a_seam(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    one, two = rig.load(b"1" * 200), rig.load(b"2" * 250)
    rig.arrange(port, playing(far, one, two, one))
    rig.until(lambda: Played(port, 1) in rig.events)
    rig.until(lambda: len(far.packets) >= 6)
    text = b"1" * 200 + b"2" * 250 + b"1" * 200
    assert spoken(far)[:960] == text + b"\xd5" * (960 - len(text))
    first = far.packets[0].timestamp
    steps = [ahead32(packet.timestamp, first) for packet in far.packets]
    assert steps[:5] == [0, 160, 320, 480, 640]
    assert rig.events == [Played(port, 1)]


def test_prompts_are_said_in_the_law_of_the_plan(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    prompt = rig.load(bytes(range(160)))
    plan = PortPlan(
        remote=far.address,
        codec=Codec.PCMU,
        payload_type=0,
        sending=Sending.PROMPTS,
        prompts=(prompt,),
    )
    rig.arrange(port, plan)
    rig.until(lambda: len(far.packets) >= 2)
    assert far.packets[0].payload == g711.alaw_to_ulaw(bytes(range(160)))
    assert far.packets[1].payload == b"\xff" * 160


def test_a_repeated_prompt_has_no_end(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    prompt = rig.load(b"abcdefg" * 10)
    rig.arrange(port, playing(far, prompt, repeat=True))
    rig.until(lambda: len(far.packets) >= 8)
    assert spoken(far) == (b"abcdefg" * 300)[: len(spoken(far))]
    assert rig.events == []


def test_a_new_epoch_begins_anew_and_the_same_goes_on(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    prompt = rig.load(b"a" * 160 + b"b" * 160 + b"c" * 1600)
    rig.arrange(port, playing(far, prompt))
    rig.until(lambda: len(far.packets) >= 2)
    rig.arrange(port, playing(far, prompt))
    rig.until(lambda: len(far.packets) >= 4)
    rig.arrange(port, playing(far, prompt, epoch=2))
    rig.until(lambda: len(far.packets) >= 7)
    said = [packet.payload[:1] for packet in far.packets]
    again = said.index(b"a", 1)
    assert said[:again] == [b"a", b"b", *[b"c"] * (again - 2)]
    assert said[again : again + 2] == [b"a", b"b"]


def test_what_is_unloaded_is_still_finished(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    prompt = rig.load(b"x" * 480)
    rig.arrange(port, playing(far, prompt))
    rig.unload(prompt)
    rig.arrange(port, playing(far, prompt))
    rig.until(lambda: rig.events == [Played(port, 1)])
    assert spoken(far).startswith(b"x" * 480)
    with pytest.raises(LookupError, match="prompt"):
        rig.arrange(port, playing(far, prompt, epoch=2))
    with pytest.raises(LookupError, match="prompt"):
        rig.unload(prompt)


@pytest.mark.parametrize("repeat", [False, True])
def test_prompts_without_samples_are_silence(rig: Rig, repeat: bool) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, playing(far, rig.load(b""), repeat=repeat))
    rig.until(lambda: len(far.packets) >= 3)
    ended: list[Event] = [] if repeat else [Played(port, 1)]
    assert rig.events == ended
    assert set(spoken(far)) == {0xD5}


def test_a_prompt_waits_for_somewhere_to_go(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    prompt = rig.load(b"x" * 320)
    rig.arrange(port, PortPlan(sending=Sending.PROMPTS, prompts=(prompt,), play_epoch=1))
    rig.run(0.1)
    assert rig.events == []
    rig.arrange(port, playing(far, prompt))
    rig.until(lambda: rig.events == [Played(port, 1)])
    rig.until(lambda: spoken(far).startswith(b"x" * 320))


def test_nothing_is_nothing(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address))
    rig.run(0.1)
    assert far.packets == []
    assert rig.statistics(port).packets_sent == 0


def test_a_peer_must_be_named(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    with pytest.raises(ValueError, match="peer"):
        rig.arrange(port, PortPlan(remote=far.address, sending=Sending.PEER))
    with pytest.raises(LookupError, match="port: 77"):
        rig.arrange(port, PortPlan(remote=far.address, sending=Sending.PEER, peer=77))


def test_silence_is_said_once_and_again_after_audio(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    plan = PortPlan(remote=far.address, accepts=((8, Codec.PCMA),), silence_after_ms=100)
    rig.arrange(port, plan)
    rig.until(lambda: rig.events.count(FellSilent(port)) == 1)
    rig.run(0.15)
    rig.send(far, port, audio(0))
    rig.until(lambda: rig.events.count(FellSilent(port)) == 2)
    assert len(rig.events) == 3


def test_no_silence_is_said_of_one_who_need_not_speak(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address))
    rig.run(0.5)
    rig.arrange(port, PortPlan(remote=far.address, silence_after_ms=400))
    rig.run(0.05)
    assert rig.events == []
    rig.until(lambda: rig.events == [FellSilent(port)])
