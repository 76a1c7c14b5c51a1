"""From whom packets are taken and to whom they are sent, on both engines.

The failures behind these rules are CVE-2017-14099, AST-2017-005 and AST-2017-008 (RTP
bleed) and CVE-2025-53399 (injection).
"""

from dataclasses import replace

import pytest

from media.engine.plan import Codec, Heard, PortPlan, Sending
from tests.media.engine.rigs import Far, Rig, audio


def expect(far: Far, **changes: object) -> PortPlan:
    plan = PortPlan(remote=far.address, accepts=((8, Codec.PCMA),), sending=Sending.SILENCE)
    return replace(plan, **changes)  # type: ignore[arg-type]


def received(rig: Rig, port: int) -> int:
    return rig.statistics(port).packets_received


def dropped(rig: Rig, port: int) -> int:
    return rig.statistics(port).packets_foreign


def test_the_described_address_is_sent_to_at_once(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, expect(far))
    rig.until(lambda: len(far.packets) >= 2)


def test_before_a_plan_nothing_is_taken(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.send(far, port, audio(0))
    rig.until(lambda: dropped(rig, port) == 1)
    assert received(rig, port) == 0


def test_the_described_address_locks_with_one_packet(rig: Rig) -> None:
    port, far, other = rig.open(), rig.far(), rig.far()
    rig.arrange(port, expect(far))
    rig.send(far, port, audio(0))
    for number in range(20):
        rig.send(other, port, audio(number, ssrc=9))
    rig.until(lambda: dropped(rig, port) == 20)
    assert received(rig, port) == 1
    rig.run(0.05)
    assert other.packets == []


def test_a_candidate_needs_five_in_a_row_and_is_sent_nothing_before(rig: Rig) -> None:
    port, far, other = rig.open(), rig.far(), rig.far()
    rig.arrange(port, expect(far))
    for number in range(4):
        rig.send(other, port, audio(number))
    rig.until(lambda: dropped(rig, port) == 4)
    rig.run(0.05)
    assert (received(rig, port), other.packets, rig.events) == (0, [], [])
    rig.send(other, port, audio(4))
    rig.until(lambda: rig.events == [Heard(port)])
    rig.until(lambda: len(other.packets) >= 2)
    assert (received(rig, port), dropped(rig, port)) == (1, 4)


def test_a_row_is_of_one_source_of_one_candidate(rig: Rig) -> None:
    port, far, one, two = rig.open(), rig.far(), rig.far(), rig.far()
    rig.arrange(port, expect(far))
    for number in range(12):
        rig.send(one, port, audio(number, ssrc=number % 4))
    rig.until(lambda: dropped(rig, port) == 12)
    for number in range(12):
        rig.send(one if number % 3 else two, port, audio(number))
        rig.until(lambda seen=number: dropped(rig, port) == 13 + seen)  # type: ignore[misc]
    assert received(rig, port) == 0


def test_another_host_is_no_candidate_unless_trusted(rig: Rig) -> None:
    port, far, stranger = rig.open(), rig.far(), rig.far("127.0.0.2")
    rig.arrange(port, expect(far))
    for number in range(10):
        rig.send(stranger, port, audio(number))
    rig.until(lambda: dropped(rig, port) == 10)
    rig.arrange(port, expect(far, trusted=("10.0.0.0/8", "127.0.0.2/31")))
    for number in range(5):
        rig.send(stranger, port, audio(number))
    rig.until(lambda: received(rig, port) == 1)


def test_the_described_address_wins_a_stolen_lock_back(rig: Rig) -> None:
    port, far, thief = rig.open(), rig.far(), rig.far()
    rig.arrange(port, expect(far))
    for number in range(6):
        rig.send(thief, port, audio(number))
    rig.until(lambda: received(rig, port) == 2)
    rig.send(far, port, audio(0, ssrc=8))
    rig.until(lambda: received(rig, port) == 3)
    rig.send(thief, port, audio(6))
    rig.until(lambda: dropped(rig, port) == 5)
    rig.run(0.03)
    stolen = len(thief.packets)
    rig.run(0.06)
    assert len(thief.packets) == stolen
    assert len(far.packets) >= 2


def test_silence_does_not_unlock_but_signalling_does(rig: Rig) -> None:
    port, far, moved = rig.open(), rig.far(), rig.far()
    rig.arrange(port, expect(far, latch_epoch=1))
    rig.send(far, port, audio(0))
    rig.until(lambda: received(rig, port) == 1)
    rig.run(0.3)
    for number in range(6):
        rig.send(moved, port, audio(number))
    rig.until(lambda: dropped(rig, port) == 6)
    rig.arrange(port, expect(far, latch_epoch=1, silence_after_ms=60_000))
    for number in range(6):
        rig.send(moved, port, audio(number))
    rig.until(lambda: dropped(rig, port) == 12)
    rig.arrange(port, expect(far, latch_epoch=2))
    for number in range(5):
        rig.send(moved, port, audio(number))
    rig.until(lambda: received(rig, port) == 2)
    rig.until(lambda: rig.events == [Heard(port), Heard(port)])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_reports_are_believed_from_the_far_ends_host_only(rig: Rig, host: str) -> None:
    port, far, other = rig.open(), rig.far(), rig.far(host)
    rig.arrange(port, expect(far, sending=Sending.NOTHING))
    rig.send(other, port, bytes.fromhex("80c90001 00000001"), rtcp=True)
    rig.send(far, port, audio(0))
    rig.until(lambda: received(rig, port) == 1)
    rig.until(lambda: dropped(rig, port) == (host != "127.0.0.1"))
