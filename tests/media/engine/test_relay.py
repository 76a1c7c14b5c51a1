"""Relay, laws, numbers and sources, on both engines."""

import itertools

from media.audio import g711
from media.engine.plan import Codec, Heard, Played, PortPlan, Sending
from media.rtp.packet import Packet, build_packet
from media.rtp.sequence import ahead16, ahead32
from tests.media.engine.rigs import SEQUENCE, SSRC, Far, Rig, audio

BOTH = ((0, Codec.PCMU), (8, Codec.PCMA))


def test_one_leg_is_ipv6_the_other_ipv4(rig: Rig) -> None:
    """And on both a third party is neither heard nor hears."""
    four, six = rig.open(), rig.open("::1")
    ends = {four: rig.far(), six: rig.far("::1")}
    thieves = {four: rig.far(), six: rig.far("::1")}
    accepts = ((8, Codec.PCMA),)
    for port, peer in ((four, six), (six, four)):
        plan = PortPlan(
            remote=ends[port].address, accepts=accepts, sending=Sending.PEER, peer=peer
        )
        rig.arrange(port, plan)
    for number in range(12):
        for port, end in ends.items():
            rig.send(end, port, audio(number, bytes([0x50 + port]) * 160))
            rig.send(thieves[port], port, audio(number, b"\x2a" * 160, ssrc=9))
    for port, peer in ((four, six), (six, four)):
        rig.until(lambda port=port: len(ends[port].packets) == 12)  # type: ignore[misc]
        said = {packet.payload for packet in ends[port].packets}
        assert said == {bytes([0x50 + peer]) * 160}
        assert rig.statistics(port).packets_foreign == 12
        assert thieves[port].packets == []


def pair(rig: Rig, *, codec: Codec = Codec.PCMA) -> tuple[int, Far, int, Far]:
    """Two ports that relay each other, and their far ends; the second speaks ``codec``."""
    one, other, caller, called = rig.open(), rig.open(), rig.far(), rig.far()
    rig.arrange(
        one,
        PortPlan(remote=caller.address, accepts=BOTH, sending=Sending.PEER, peer=other),
    )
    rig.arrange(
        other,
        PortPlan(
            remote=called.address,
            accepts=BOTH,
            codec=codec,
            payload_type=codec,
            sending=Sending.PEER,
            peer=one,
        ),
    )
    return one, caller, other, called


def test_both_ways_in_one_law(rig: Rig) -> None:
    one, caller, other, called = pair(rig)
    rig.send(caller, one, audio(5, b"to the called"))
    rig.send(called, other, audio(900, b"to the caller"))
    rig.until(lambda: len(called.packets) == 1 and len(caller.packets) == 1)
    assert called.packets[0].payload == b"to the called"
    assert caller.packets[0].payload == b"to the caller"
    assert called.packets[0].ssrc == SSRC
    assert sorted(event.port for event in rig.events if event == Heard(event.port)) == [
        one,
        other,
    ]


def test_laws_are_changed(rig: Rig) -> None:
    one, caller, _, called = pair(rig, codec=Codec.PCMU)
    every = bytes(range(256))
    rig.send(caller, one, audio(0, every, payload_type=8))
    rig.send(caller, one, audio(1, every, payload_type=0))
    rig.until(lambda: len(called.packets) == 2)
    assert [packet.payload for packet in called.packets] == [
        g711.alaw_to_ulaw(every),
        every,
    ]
    assert {packet.payload_type for packet in called.packets} == {0}


def test_loss_and_order_come_out_as_they_came_in(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    order = [0, 1, 2, 4, 3, 7, 7, 8]
    for number in order:
        rig.send(caller, one, audio(65533 + number))
    rig.until(lambda: len(called.packets) == len(order))
    first = called.packets[0]
    assert first.sequence == SEQUENCE
    assert [ahead16(packet.sequence, SEQUENCE) for packet in called.packets] == order
    assert [
        ahead32(packet.timestamp, first.timestamp) // 160 for packet in called.packets
    ] == order
    assert [packet.marker for packet in called.packets] == [True] + [False] * 7
    assert rig.statistics(one).packets_lost == 2 - 1  # 5 and 6 are missing, 7 came twice


def test_a_packet_from_before_the_run_is_not_relayed(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    rig.send(caller, one, audio(10))
    rig.send(caller, one, audio(9))
    rig.send(caller, one, audio(11))
    rig.until(lambda: len(called.packets) == 2)
    assert [packet.sequence for packet in called.packets] == [SEQUENCE, SEQUENCE + 1]


def test_a_new_source_goes_on_where_the_old_one_ended(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    numbers = [(1, 100), (1, 101), (2, 30000), (2, 30001), (2, 50000)]
    for ssrc, number in numbers:
        rig.send(caller, one, audio(number, ssrc=ssrc))
    rig.until(lambda: len(called.packets) == 5)
    assert_continuous(called.packets)
    assert [packet.marker for packet in called.packets] == [True, False, True, False, True]


def test_a_new_source_waits_for_the_end_of_a_long_packet(rig: Rig) -> None:
    """30 ms a packet: the timestamps of two sources must not overlap."""
    one, caller, _, called = pair(rig)
    rig.send(caller, one, audio(0, bytes(240)))
    rig.send(caller, one, audio(0, bytes(240), ssrc=8))
    rig.until(lambda: len(called.packets) == 2)
    first, second = called.packets
    assert ahead32(second.timestamp, first.timestamp) >= 240


def assert_continuous(packets: list[Packet]) -> None:
    """No listener can tell that the source changed, but by the marker."""
    for before, after in itertools.pairwise(packets):
        assert after.ssrc == before.ssrc
        assert ahead16(after.sequence, before.sequence) == 1
        assert ahead32(after.timestamp, before.timestamp) >= 160


def test_prompt_peer_prompt_is_one_stream(rig: Rig) -> None:
    one, caller, other, called = pair(rig)
    prompt = rig.load(bytes(range(160)) * 3)
    told = PortPlan(
        remote=called.address, sending=Sending.PROMPTS, prompts=(prompt,), play_epoch=1
    )
    rig.arrange(other, told)
    rig.until(lambda: Played(other, 1) in rig.events)
    rig.arrange(other, PortPlan(remote=called.address, sending=Sending.PEER, peer=one))
    rig.send(caller, one, audio(7, b"p" * 160))
    rig.send(caller, one, audio(8, b"p" * 160))
    rig.until(lambda: sum(p.payload[0] == 0x70 for p in called.packets) == 2)
    rig.arrange(
        other,
        PortPlan(
            remote=called.address, sending=Sending.PROMPTS, prompts=(prompt,), play_epoch=2
        ),
    )
    rig.until(lambda: Played(other, 2) in rig.events)
    rig.run(0.01)
    assert_continuous(called.packets)
    spoken = [p for p in called.packets if p.payload != b"\xd5" * 160]
    marked = [packet.payload[:1] for packet in spoken if packet.marker]
    assert marked == [b"\0", b"p", b"\0"]


def test_a_third_port_may_hear_too(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    third, listener = rig.open(), rig.far()
    rig.arrange(third, PortPlan(remote=listener.address, sending=Sending.PEER, peer=one))
    rig.send(caller, one, audio(0))
    rig.until(lambda: len(called.packets) == 1 and len(listener.packets) == 1)


def test_a_port_may_hear_itself(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(
        port,
        PortPlan(remote=far.address, accepts=BOTH, sending=Sending.PEER, peer=port),
    )
    rig.send(far, port, audio(3, b"echo"))
    rig.until(lambda: [packet.payload for packet in far.packets] == [b"echo"])


def test_a_closed_port_feeds_no_one_and_neither_does_its_heir(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    rig.close(one)
    assert rig.open() == one
    rig.arrange(one, PortPlan(remote=caller.address, accepts=BOTH))
    rig.send(caller, one, audio(0))
    rig.until(lambda: rig.statistics(one).packets_received == 1)
    rig.run(0.03)
    assert called.packets == []


def test_what_is_not_accepted_is_dropped_and_counted(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    rig.send(caller, one, audio(0, payload_type=18))
    rig.send(caller, one, b"\x80\x08short")
    rig.send(caller, one, b"\x9f\x08" + bytes(20))
    rig.send(caller, one, audio(1))
    rig.until(lambda: len(called.packets) == 1)
    counted = rig.statistics(one)
    assert (counted.packets_received, counted.packets_dropped) == (2, 3)
    assert counted.octets_received == 320


def test_a_far_end_on_hold_is_counted_and_not_heard(rig: Rig) -> None:
    one, caller, other, called = pair(rig)
    plan = PortPlan(
        remote=caller.address,
        accepts=BOTH,
        sending=Sending.PEER,
        peer=other,
        receives=False,
    )
    rig.arrange(one, plan)
    rig.send(caller, one, audio(0))
    rig.until(lambda: rig.statistics(one).packets_received == 1)
    rig.run(0.03)
    assert rig.statistics(one).packets_dropped == 1
    assert called.packets == []
    assert rig.events == []


def test_empty_packets_keep_a_nat_open_and_are_not_relayed(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    rig.send(caller, one, audio(0, b""))
    rig.send(caller, one, audio(1))
    rig.until(lambda: len(called.packets) == 1)
    assert called.packets[0].payload == b"\xd5" * 160


def test_extension_and_padding_are_not_passed_on(rig: Rig) -> None:
    one, caller, _, called = pair(rig)
    plain = build_packet(
        Packet(payload_type=8, sequence=1, timestamp=0, ssrc=1, payload=b"")
    )
    data = b"\xb0" + plain[1:] + bytes.fromhex("bede0001aabbccdd") + b"voice\0\0\3"
    rig.send(caller, one, data)
    rig.until(lambda: len(called.packets) == 1)
    assert called.packets[0].payload == b"voice"
