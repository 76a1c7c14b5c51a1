"""What the exchange returns, carried out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from b2bua.app.carrier import Carrier, Heed
from b2bua.call.media import CallId, CloseMedia, MediaOrder
from b2bua.exchange.outputs import CallFault, Drained, FinishCall, SaveCall, SaveCounter
from b2bua.net.driver import Crashed, Lagged
from b2bua.observe.metrics import Metrics
from b2bua.service.record import CallRecord, Outcome
from b2bua.sip.endpoint.outputs import Dropped, WayChanged
from b2bua.sip.transport.flow import Flow
from b2bua.store.encoding import decode_record
from b2bua.store.journal import Journal

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.9", 5070))
AT = datetime(2026, 11, 20, tzinfo=UTC)
RECORD = CallRecord(
    id="a",
    node="n",
    number="4006001234",
    caller="13800138000",
    caller_private=True,
    trunk="unicom",
    invite_at=AT,
    ended_at=AT,
    outcome=Outcome.BUSY,
    end_reason="all destinations busy",
)


class Rig:
    def __init__(self, directory: Path) -> None:
        self.journal = Journal(directory / "journal", clock=lambda: 0.0)
        self.metrics = Metrics()
        self.orders: list[MediaOrder] = []
        self.heard: list[object] = []
        heed = Heed(
            finished=lambda: self.heard.append("finished"),
            drained=lambda: self.heard.append("drained"),
            lagged=self.heard.append,
            cap_nears=self.heard.append,
            way_changed=lambda: self.heard.append("way"),
            reserve=self.heard.append,
            look_up=self.heard.append,
        )
        self.carrier = Carrier(self.journal, self, self.metrics, heed)

    def send(self, order: MediaOrder) -> None:
        self.orders.append(order)

    def told(self, output: object) -> list[str]:
        """The events that an output is worth in the log."""
        with capture_logs() as events:
            self.carrier.tell(output)
        return [event["event"] for event in events]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    structlog.reset_defaults()
    return Rig(tmp_path)


def test_a_trunk_that_goes_down_is_an_alarm(rig: Rig) -> None:
    down = WayChanged(
        trunk="unicom", address="udp:192.0.2.1:5060", state="down", detail="503"
    )
    assert rig.told(down) == ["trunk down"]
    assert rig.heard == ["way"]
    counted = 'b2bua_trunk_changes_total{address="udp:192.0.2.1:5060",state="down"'
    assert counted in rig.metrics.text().decode()


def test_a_call_is_in_the_journal_until_its_record_is(rig: Rig) -> None:
    rig.carrier.tell(SaveCall(CallId("a"), b"image"))
    assert rig.journal.calls() == [("a", b"image")]
    assert rig.told(FinishCall(RECORD)) == ["call ended"]
    assert rig.journal.calls() == []
    [(_, record)] = rig.journal.undelivered(9)
    assert decode_record(record) == RECORD
    assert rig.heard == ["finished"]
    assert 'outcome="busy"} 1.0' in rig.metrics.text().decode()


def test_who_wished_not_to_be_known_is_not_logged(rig: Rig) -> None:
    with capture_logs() as events:
        rig.carrier.tell(FinishCall(RECORD))
    assert events[0]["caller"] == "anonymous"


def test_orders_counters_and_the_end_of_draining(rig: Rig) -> None:
    rig.carrier.tell(CloseMedia(CallId("a")))
    rig.carrier.tell(SaveCounter("4006001234/1/sales", "3"))
    rig.carrier.tell(Drained())
    assert rig.orders == [CloseMedia(CallId("a"))]
    assert rig.journal.counters() == {"4006001234/1/sales": "3"}
    assert rig.heard == ["drained"]


def test_trouble_is_told_and_counted(rig: Rig) -> None:
    assert rig.told(CallFault(CallId("a"), "Traceback …")) == ["call fault"]
    with capture_logs() as events:
        rig.carrier.tell(Crashed("Traceback …", FLOW, b"INVITE sip:x SIP/2.0\r\nFrom: y"))
    assert events[0]["message"] == "INVITE sip:x SIP/2.0"
    assert rig.told(Lagged(0.3)) == ["loop lag"]
    assert rig.heard == [0.3]
    assert rig.told(Dropped("keep-alive", FLOW)) == ["dropped"]
    text = rig.metrics.text().decode()
    assert 'b2bua_faults_total{place="call"} 1.0' in text
    assert 'b2bua_faults_total{place="input"} 1.0' in text
    assert 'b2bua_sip_dropped_total{reason="keep-alive"} 1.0' in text


def test_what_nobody_takes_is_said(rig: Rig) -> None:
    assert rig.told(object()) == ["nobody takes this output"]
