"""Any datagrams at all: both engines count, drop, relay and renumber alike."""

import itertools
from dataclasses import dataclass, replace
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.dtmf.events import TelephoneEvent, build_event
from media.engine.plan import Codec, PortPlan, PortStatistics, Pressed, Sending
from media.rtp.packet import Packet, build_packet
from media.rtp.rtcp import ReceiverReport, ReportBlock, build_report
from tests.media.engine.rigs import SSRC, Far, LoopbackRig, Rig, VirtualRig

Sent: TypeAlias = tuple[int, bytes]
"""Index of the far end, and what it sends."""

EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0x80000010, 0xFFFFFFFF)
"""Numbers of 32 bits between which nothing may overflow."""

payloads = st.one_of(
    st.binary(max_size=200),
    st.builds(
        TelephoneEvent,
        event=st.integers(0, 17),
        duration=st.integers(0, 2000),
        end=st.booleans(),
    ).map(build_event),
)
well_formed = st.builds(
    Packet,
    payload_type=st.sampled_from([0, 8, 8, 8, 13, 101]),
    sequence=st.one_of(st.integers(65530, 65535), st.integers(0, 8), st.just(30000)),
    timestamp=st.integers(0, 40).map(lambda frame: frame * 160) | st.sampled_from(EXTREMES),
    ssrc=st.sampled_from([7, 7, 7, 8]),
    payload=payloads,
    marker=st.booleans(),
).map(build_packet)
reports = st.builds(
    ReportBlock,
    ssrc=st.sampled_from([SSRC, SSRC, 1]),
    cumulative_lost=st.integers(-9, 9),
    extended_highest=st.sampled_from(EXTREMES),
    jitter=st.sampled_from(EXTREMES),
    last_report=st.sampled_from(EXTREMES),
    delay=st.sampled_from(EXTREMES),
).map(lambda block: build_report(ReceiverReport(7, (block,))))
flipped = st.builds(
    lambda data, at, value: (
        data[: at % len(data)] + bytes((value,)) + data[at % len(data) :]
    ),
    well_formed,
    st.integers(0, 20),
    st.integers(0, 255),
)
scripts = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 2]),
        st.one_of(well_formed, well_formed, reports, flipped, st.binary(max_size=40)),
    ),
    max_size=40,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    statistics: PortStatistics
    relayed: list[tuple[int, int, bool, bytes]]
    steps: list[int]
    """Timestamp steps inside runs; where runs begin is a matter of the clock."""
    pressed: list[str]


class Session:
    """One port that hears, one that relays it in the other law, three far ends."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.one, other = rig.open(), rig.open()
        self.fars = [rig.far(), rig.far(), rig.far("127.0.0.9")]
        self.called: Far = rig.far()
        accepts = ((0, Codec.PCMU), (8, Codec.PCMA))
        rig.arrange(
            self.one,
            PortPlan(remote=self.fars[0].address, accepts=accepts, events_payload_type=101),
        )
        rig.arrange(
            other,
            PortPlan(
                remote=self.called.address,
                codec=Codec.PCMU,
                payload_type=0,
                events_payload_type=96,
                sending=Sending.PEER,
                peer=self.one,
            ),
        )

    def play(self, script: list[Sent]) -> None:
        for source, data in script:
            self.rig.send(self.fars[source], self.one, data)

    def counted(self) -> PortStatistics:
        return replace(self.rig.statistics(self.one), jitter=0.0, round_trip_ms=None)

    def outcome(self) -> Outcome:
        packets = self.called.packets
        pairs = itertools.pairwise(packets)
        return Outcome(
            self.counted(),
            [(p.sequence, p.payload_type, p.marker, p.payload) for p in packets],
            [
                (after.timestamp - before.timestamp) & 0xFFFFFFFF
                for before, after in pairs
                if not after.marker
            ],
            [event.digit for event in self.rig.events if isinstance(event, Pressed)],
        )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts)
def test_both_engines_mean_the_same(script: list[Sent]) -> None:
    reference, compiled = Session(VirtualRig()), Session(LoopbackRig())
    try:
        reference.play(script)
        compiled.play(script)
        wanted = reference.outcome()
        compiled.rig.until(lambda: compiled.counted() == wanted.statistics)
        compiled.rig.until(lambda: len(compiled.called.packets) >= len(wanted.relayed))
        pressed = len(wanted.pressed)
        compiled.rig.until(lambda: len(compiled.outcome().pressed) >= pressed)
        assert replace(compiled.outcome(), pressed=wanted.pressed) == wanted
        assert compiled.outcome().pressed[:pressed] == wanted.pressed
    finally:
        compiled.rig.stop()


def test_the_farthest_numbers_are_harmless(rig: Rig) -> None:
    """Two in a row, as far apart as can be: what is reckoned from them wraps around."""
    session = Session(rig)
    near, far = EXTREMES[2], EXTREMES[3]
    for number, timestamp in enumerate((0, 0x55555555, 0xAAAAAAAA, 0, near, far)):
        packet = Packet(
            payload_type=8, sequence=number, timestamp=timestamp, ssrc=7, payload=b"x"
        )
        block = ReportBlock(
            ssrc=SSRC, cumulative_lost=-1, jitter=0xFFFFFFFF, last_report=far, delay=near
        )
        session.play(
            [(0, build_packet(packet)), (0, build_report(ReceiverReport(7, (block,))))]
        )
    rig.until(lambda: rig.statistics(session.one).packets_received == 6)
    rig.until(lambda: len(session.called.packets) == 6)
    assert rig.statistics(session.one).remote_lost == 0
