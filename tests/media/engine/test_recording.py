"""Recordings, on both engines: what is heard and said, in its place in time."""

import array
import errno
import fcntl
import os

import pytest

from media.audio import g711
from media.engine.plan import Codec, PortPlan, Sending
from tests.media.engine.rigs import Far, LoopbackRig, Rig, audio

LOUD = b"\xaa" * 160
VALUE = int.from_bytes(g711.decode_alaw(b"\xaa"), "little")


def plan(
    far: Far, sending: Sending = Sending.NOTHING, prompts: tuple[int, ...] = ()
) -> PortPlan:
    return PortPlan(
        remote=far.address,
        accepts=((0, Codec.PCMU), (8, Codec.PCMA)),
        sending=sending,
        prompts=prompts,
        repeat=True,
    )


def test_what_is_heard_keeps_its_gaps_and_its_order(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    rig.record(port, both=False)
    rig.run(0.1)
    one, two, three = (bytes((code,)) * 160 for code in (0xAA, 0x2A, 0x80))
    for number, payload in ((10, one), (12, three), (11, two), (14, one)):
        rig.send(far, port, audio(number, payload))
    rig.run(0.3)
    samples = array.array("h", rig.stop_recording(port))
    assert 0.38 * 8000 <= len(samples) <= 1.5 * 8000
    begin = next(i for i, sample in enumerate(samples) if sample)
    assert begin >= 0.09 * 8000
    heard = [samples[begin + 160 * i + 80] for i in range(6)]
    assert heard == [VALUE, -VALUE, 5504, 0, VALUE, 0]
    assert set(samples[:begin]) == {0}


def test_both_sides_left_and_right(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, Sending.PROMPTS, (rig.load(b"\x2a" * 1600),)))
    rig.record(port, both=True)
    rig.run(0.1)
    rig.send(far, port, audio(0, LOUD))
    rig.run(0.4)
    samples = array.array("h", rig.stop_recording(port))
    left, right = samples[::2], samples[1::2]
    assert sum(sample == VALUE for sample in left) == 160
    assert set(left) == {0, VALUE}
    assert sum(sample == -VALUE for sample in right) >= 0.4 * 8000
    assert set(right) <= {0, -VALUE}


def test_a_pause_of_the_sender_is_as_long_in_the_recording(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    rig.record(port, both=False)
    rig.send(far, port, audio(0, LOUD))
    rig.run(0.5)
    rig.send(far, port, audio(1000, LOUD))  # its clock is not ours
    rig.run(0.1)
    samples = array.array("h", rig.stop_recording(port))
    loud = [i for i, sample in enumerate(samples) if sample]
    assert len(loud) == 320
    assert 0.45 * 8000 <= loud[160] - loud[0] <= 1.0 * 8000


def test_a_disk_that_is_full_keeps_what_it_has() -> None:
    """It is told at once, and why when the recording is finished; audio goes on."""
    rig = LoopbackRig()
    file = os.memfd_create("recording", os.MFD_ALLOW_SEALING)
    kept = os.dup(file)
    try:
        port, far = rig.open(), rig.far()
        rig.arrange(port, plan(far, Sending.SILENCE))
        rig.engine.record(port, file, True)
        rig.run(0.6)
        fcntl.fcntl(kept, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        rig.until(lambda: rig.engine.recordings_failed == 1)
        sent = len(far.packets)
        rig.until(lambda: len(far.packets) > sent + 2)
        milliseconds, error = rig.engine.stop_recording(port)
        assert error == errno.EPERM
        assert milliseconds > 0
        data = os.pread(kept, 1 << 20, 0)
        assert int.from_bytes(data[40:44], "little") == len(data) - 44
        assert len(data) - 44 == pytest.approx(32 * milliseconds, abs=32)
        assert rig.engine.recordings_failed == 1
    finally:
        os.close(kept)
        rig.stop()


def test_a_second_recording_may_follow(rig: Rig) -> None:
    port = rig.open()
    for _ in range(2):
        rig.record(port, both=False)
        rig.run(0.05)
        assert 0.04 * 16000 <= len(rig.stop_recording(port)) <= 0.5 * 16000
