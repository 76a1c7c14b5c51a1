"""Counters and histograms of one control process, as Prometheus reads them."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from b2bua.service.record import CallRecord

SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
TALK: Final = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
LAG: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_RANG: Final = re.compile(r"SIP/2\.0 (?:18|2)[0-9]")
MOST_REASONS: Final = 64
"""Reasons for drops that are counted apart; the words of our own code, so a few."""


class Metrics:
    """Everything that is counted; each instance has a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._calls = Counter(
            "b2bua_calls", "Calls that ended", ["outcome"], registry=registry
        )
        self._talk = Histogram(
            "b2bua_talk_seconds",
            "Time that caller and destination talked",
            buckets=TALK,
            registry=registry,
        )
        self._delay = Histogram(
            "b2bua_post_dial_delay_seconds",
            "From INVITE to ringing, early audio or answer",
            buckets=SECONDS,
            registry=registry,
        )
        self._lag = Histogram(
            "b2bua_loop_lag_seconds",
            "How late the event loop was, when it was late",
            buckets=LAG,
            registry=registry,
        )
        self._messages = Counter(
            "b2bua_sip_messages", "SIP messages", ["direction"], registry=registry
        )
        self._dropped = Counter(
            "b2bua_sip_dropped", "SIP messages not acted on", ["reason"], registry=registry
        )
        self._faults = Counter(
            "b2bua_faults", "Our own exceptions", ["place"], registry=registry
        )
        self._nearing = Counter(
            "b2bua_caps_nearing", "Caps nearly used", ["cap", "percent"], registry=registry
        )
        self._ways = _Ways(registry)
        self._reasons: set[str] = set()
        self._received = self._messages.labels("received")
        self._sent = self._messages.labels("sent")

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a figure that is asked for whenever somebody reads."""
        Gauge(f"b2bua_{name}", meaning, registry=self._registry).set_function(value)

    def received(self) -> None:
        """Count a message from the network."""
        self._received.inc()

    def sent(self) -> None:
        """Count a message to the network."""
        self._sent.inc()

    def dropped(self, reason: str) -> None:
        """Count a message that fell on the floor."""
        if reason not in self._reasons and len(self._reasons) >= MOST_REASONS:
            reason = "other"
        self._reasons.add(reason)
        self._dropped.labels(reason).inc()

    def fault(self, place: str) -> None:
        """Count an exception of ours; ``place`` is ``call`` or ``input``."""
        self._faults.labels(place).inc()

    def cap_nearing(self, cap: str, percent: int) -> None:
        """Count a cap of some number that reached 80, 90 or 100 percent."""
        self._nearing.labels(cap, str(percent)).inc()

    def way_changed(self, trunk: str, address: str, state: str) -> None:
        """Count that an address of a trunk is ``up``, ``down`` or ``probing`` now."""
        self._ways.changed.labels(trunk, address, state).inc()

    def watch_ways(self, ways: Callable[[], Iterable[tuple[str, str, bool]]]) -> None:
        """Show for each trunk and address whether calls may go there."""
        self._ways.usable = ways

    def lagged(self, seconds: float) -> None:
        """Count how late the loop was."""
        self._lag.observe(seconds)

    def ended(self, record: CallRecord) -> None:
        """Count a call."""
        self._calls.labels(record.outcome.value).inc()
        if record.talk_ms:
            self._talk.observe(record.talk_ms / 1000)
        delay = post_dial_delay(record)
        if delay is not None:
            self._delay.observe(delay)

    def text(self) -> bytes:
        """Everything, in Prometheus' format."""
        return generate_latest(self._registry)


class _Ways(Collector):
    """A gauge and a counter for each address of each trunk."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.usable: Callable[[], Iterable[tuple[str, str, bool]]] = tuple
        self.changed = Counter(
            "b2bua_trunk_changes",
            "Addresses of trunks that went down or came back",
            ["trunk", "address", "state"],
            registry=registry,
        )
        registry.register(self)

    def describe(self) -> list[Metric]:
        """What comes, without asking for it."""
        return [self._empty()]

    def collect(self) -> list[Metric]:
        """What is known now."""
        family = self._empty()
        for trunk, address, usable in self.usable():
            family.add_metric([trunk, address], float(usable))
        return [family]

    def _empty(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "b2bua_trunk_up", "Whether calls may go there", labels=["trunk", "address"]
        )


def post_dial_delay(record: CallRecord) -> float | None:
    """Seconds until the caller was told something; None if that never came."""
    for line in record.ladder:
        if line.leg == "caller" and line.sent and _RANG.match(line.line):
            return line.at_ms / 1000
    return None
