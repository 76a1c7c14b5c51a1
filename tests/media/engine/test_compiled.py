"""What only the compiled engine does: threads, descriptors, ICMP, IPv6, errors."""

import os
import resource
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from media.engine.binding import open_engine
from media.engine.plan import Codec, Heard, PortPlan, Secret, Sending, Suite, Unreachable
from tests.media.engine.rigs import LoopbackRig, audio, descriptor_count

ACCEPTS = ((8, Codec.PCMA),)


@pytest.fixture
def rig() -> Iterator[LoopbackRig]:
    made = LoopbackRig()
    yield made
    made.stop()


def thread_count() -> int:
    return len(os.listdir("/proc/self/task"))


def udp(number: int = 0, *, host: str = "127.0.0.1") -> socket.socket:
    made = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
    )
    made.bind((host, number))
    made.setblocking(False)
    return made


def test_stop_joins_threads_and_gives_descriptors_back() -> None:
    threads, descriptors = thread_count(), descriptor_count()
    engine = open_engine(3)
    assert thread_count() == threads + 4
    for _ in range(4):
        engine.open(udp().detach(), udp().detach(), 1, 1, 1)
    engine.stop()
    engine.stop()
    assert thread_count() == threads
    assert engine.events() == []
    with pytest.raises(RuntimeError, match="stopped"):
        engine.open(0, 0, 1, 1, 1)
    del engine
    assert descriptor_count() == descriptors


def test_close_closes_and_numbers_are_used_again(rig: LoopbackRig) -> None:
    one, two = rig.open(), rig.open()
    before = descriptor_count()
    rig.close(one)
    assert descriptor_count() == before - 2
    with pytest.raises(LookupError, match=f"no such port: {one}"):
        rig.close(one)
    assert rig.open() == one
    rig.close(two)


def test_nothing_is_said_of_a_closed_port(rig: LoopbackRig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address, accepts=ACCEPTS))
    rig.send(far, port, audio(0))
    assert select.select([rig.engine.fileno()], [], [], 5)[0]
    rig.engine.close(port)
    assert rig.engine.events() == []


def test_the_descriptor_is_readable_while_there_is_news(rig: LoopbackRig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address, accepts=ACCEPTS))
    assert not select.select([rig.engine.fileno()], [], [], 0)[0]
    rig.send(far, port, audio(0))
    assert select.select([rig.engine.fileno()], [], [], 5)[0]
    assert rig.engine.events() == [Heard(port)]
    assert not select.select([rig.engine.fileno()], [], [], 0)[0]


def test_a_refusal_is_said_once_and_harms_nothing(rig: LoopbackRig) -> None:
    port, gone = rig.open(), udp()
    address = gone.getsockname()
    gone.close()
    rig.arrange(port, PortPlan(remote=address, sending=Sending.SILENCE))
    rig.until(lambda: Unreachable(port) in rig.events)
    rig.run(0.2)
    assert rig.events == [Unreachable(port)]
    far = rig.far()
    rig.arrange(
        port,
        PortPlan(
            remote=far.address, accepts=ACCEPTS, sending=Sending.SILENCE, latch_epoch=1
        ),
    )
    rig.send(far, port, audio(0))
    rig.until(lambda: len(far.packets) >= 3 and Heard(port) in rig.events)


def test_a_refusal_is_said_again_after_audio(rig: LoopbackRig) -> None:
    port, far = rig.open(), rig.far()
    plan = PortPlan(remote=far.address, accepts=ACCEPTS, sending=Sending.SILENCE)
    assert far.bound is not None
    for number in range(2):
        rig.arrange(port, plan)
        rig.send(far, port, audio(number))
        rig.until(lambda seen=number: rig.statistics(port).packets_received == seen + 1)  # type: ignore[misc]
        far.bound.close()
        far.bound = None
        rig.until(lambda seen=number: rig.events.count(Unreachable(port)) == seen + 1)  # type: ignore[misc]
        far.bound = udp(far.address[1])


def test_ipv6_is_relayed_to_ipv4(rig: LoopbackRig) -> None:
    six, far_six, four, far_four = udp(host="::1"), udp(host="::1"), rig.open(), rig.far()
    address = six.getsockname()
    port = rig.engine.open(six.detach(), udp(host="::1").detach(), 5, 5, 5)
    plan = PortPlan(
        remote=far_six.getsockname()[:2],
        accepts=ACCEPTS,
        sending=Sending.PEER,
        peer=four,
    )
    rig.arrange(port, plan)
    rig.arrange(
        four,
        PortPlan(remote=far_four.address, accepts=ACCEPTS, sending=Sending.PEER, peer=port),
    )
    far_six.sendto(audio(0, b"six"), address)
    rig.until(lambda: [p.payload for p in far_four.packets] == [b"six"])
    rig.send(far_four, four, audio(0, b"four"))
    assert select.select([far_six], [], [], 5)[0]
    assert far_six.recv(100).endswith(b"four")
    far_six.close()


def test_oversized_datagrams_are_dropped(rig: LoopbackRig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address, accepts=ACCEPTS))
    rig.send(far, port, audio(0, bytes(3000)))
    rig.until(lambda: rig.statistics(port).packets_dropped == 1)
    assert rig.statistics(port).packets_received == 0


BAD_PLANS = [
    (lambda: PortPlan(remote=("example.com", 5)), "remote: not an IP address"),
    (lambda: PortPlan(remote=("127.0.0.1", 0)), "remote: not an IP address"),
    (lambda: PortPlan(remote=("127.0.0.1", 65536)), "remote: not an IP address"),
    (lambda: PortPlan(trusted=("10.0.0.0/33",)), "trusted: not a network"),
    (lambda: PortPlan(trusted=("10.0.0.0/",)), "trusted: not a network"),
    (lambda: PortPlan(trusted=("10.0.0.0/8",) * 17), "trusted: a tuple of at most 16"),
    (lambda: PortPlan(payload_type=128), "payload_type: 128 is not in 0..127"),
    (lambda: PortPlan(events_payload_type=-1), "events_payload_type: -1"),
    (lambda: PortPlan(accepts=((128, Codec.PCMA),)), "accepts: not a payload type"),
    (lambda: PortPlan(silence_after_ms=-1), "silence_after_ms: -1"),
]


@pytest.mark.parametrize(("make", "reason"), BAD_PLANS)
def test_a_plan_that_makes_no_sense_is_refused_and_changes_nothing(
    rig: LoopbackRig, make: Callable[[], PortPlan], reason: str
) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address, sending=Sending.SILENCE))
    with pytest.raises(ValueError, match=reason):
        rig.arrange(port, make())
    rig.until(lambda: len(far.packets) >= 2)


def test_bad_descriptors_stay_with_the_caller(rig: LoopbackRig, tmp_path: Path) -> None:
    port = rig.open()
    good = udp()
    with pytest.raises(OSError, match="Bad file descriptor"):
        rig.engine.open(good.fileno(), 9999, 1, 1, 1)
    good.close()
    reading, writing = os.pipe()
    with pytest.raises(ValueError, match="regular file"):
        rig.engine.record(port, writing, False)
    os.close(reading)
    os.close(writing)
    (tmp_path / "x.wav").write_bytes(b"")
    read_only = os.open(tmp_path / "x.wav", os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        rig.engine.record(port, read_only, False)
    os.close(read_only)


def test_closing_finishes_the_recording(rig: LoopbackRig, tmp_path: Path) -> None:
    port = rig.open()
    path = tmp_path / "x.wav"
    rig.engine.record(port, os.open(path, os.O_RDWR | os.O_CREAT), True)
    another = os.open(path, os.O_RDWR)
    with pytest.raises(ValueError, match="being recorded"):
        rig.engine.record(port, another, True)
    os.close(another)
    rig.run(0.1)
    rig.engine.close(port)
    rig.until(lambda: path.stat().st_size > 44 + 4 * 400)
    assert int.from_bytes(path.read_bytes()[40:44], "little") == path.stat().st_size - 44


def test_a_full_disk_cuts_the_recording_and_not_the_call(
    rig: LoopbackRig, tmp_path: Path
) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, PortPlan(remote=far.address, sending=Sending.SILENCE))
    path = tmp_path / "x.wav"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        rig.engine.record(port, os.open(path, os.O_RDWR | os.O_CREAT), False)
        rig.run(0.7)
        rig.engine.stop_recording(port)
        rig.until(lambda: rig.engine.recordings_failed == 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sent = len(far.packets)
    rig.until(lambda: len(far.packets) >= sent + 2)
    size = path.stat().st_size
    assert 44 <= size <= 3000
    assert int.from_bytes(path.read_bytes()[40:44], "little") == size - 44


def test_threads_is_a_small_number() -> None:
    for threads in (0, -1, 65):
        with pytest.raises(ValueError, match="threads"):
            open_engine(threads)


def test_plans_may_change_under_load_from_all_threads(rig: LoopbackRig) -> None:
    """Ports open, relay, play, record and close while packets pour in."""
    far = rig.far()
    prompt = rig.load(bytes(1600))
    stopping = threading.Event()
    targets = [rig.open() for _ in range(8)]
    addresses = [rig._addresses[port][0] for port in targets]

    def pour() -> None:
        with udp() as source:
            number = 0
            while not stopping.wait(0.0005):
                for address in addresses:
                    source.sendto(audio(number), address)
                number += 1

    pouring = threading.Thread(target=pour)
    pouring.start()
    try:
        for turn in range(60):
            for i, port in enumerate(targets):
                plan = PortPlan(
                    remote=far.address,
                    accepts=ACCEPTS,
                    trusted=("127.0.0.0/8",),
                    latch_epoch=turn,
                    play_epoch=turn,
                    sending=Sending((i + turn) % 4),
                    peer=targets[(i + turn) % 8],
                    prompts=(prompt,),
                    repeat=bool(turn % 2),
                )
                rig.arrange(port, plan)
            rig.close(targets[turn % 8])
            targets[turn % 8] = rig.open()
            rig.run(0.005)
    finally:
        stopping.set()
        pouring.join()
    rig.until(lambda: len(far.packets) > 100)


def resident() -> int:
    """Bytes of our memory that are in use."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_a_thousand_sessions_leave_nothing(rig: LoopbackRig, tmp_path: Path) -> None:
    """Sealed and clear, played to, recorded, refused a plan: all of it is given back."""
    far = udp()
    address = far.getsockname()
    prompt = rig.load(b"\xd5" * 8000)
    key = Secret(Suite.AES_CM_128_HMAC_SHA1_80, bytes(30))

    def session(number: int) -> None:
        one, other = rig.open(), rig.open()
        plan = PortPlan(remote=address, remote_rtcp=address, accepts=ACCEPTS, seals=key)
        hears = replace(plan, sending=Sending.PEER, peer=one, opens=key)
        plays = replace(plan, sending=Sending.PROMPTS, prompts=(prompt,), play_epoch=1)
        rig.arrange(other, hears)
        rig.arrange(one, plays)
        with pytest.raises(LookupError):
            rig.arrange(one, replace(plays, prompts=(prompt, 99), play_epoch=2))
        if number % 250 == 0:
            file = os.open(tmp_path / "kept.wav", os.O_RDWR | os.O_CREAT)
            rig.engine.record(other, file, True)
        rig.close(one)
        rig.close(other)

    for number in range(1, 101):
        session(number)
    descriptors, memory = descriptor_count(), resident()
    for number in range(1000):
        session(number)
    rig.engine.events()
    far.close()
    assert descriptor_count() == descriptors - 1
    # A sanitizer keeps what was freed, to see who touches it.
    assert resident() - memory < 2_000_000 or "libasan" in os.environ.get("LD_PRELOAD", "")
