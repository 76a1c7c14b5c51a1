"""The exchange as the driver sees it, with its messages counted."""

from collections.abc import Sequence
from datetime import datetime

from b2bua.core.clock import Instant
from b2bua.exchange.exchange import Exchange, Output
from b2bua.observe.metrics import Metrics
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer


class Metered:
    """Implements :class:`b2bua.net.driver.Machine`."""

    def __init__(self, exchange: Exchange, metrics: Metrics) -> None:
        self._exchange = exchange
        self._metrics = metrics

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return self._exchange.deadline

    def receive(
        self, data: bytes, flow: Flow, now: Instant, at: datetime
    ) -> Sequence[Output]:
        """Take one message."""
        self._metrics.received()
        return self._counted(self._exchange.receive(data, flow, now, at))

    def wake(self, now: Instant, at: datetime) -> Sequence[Output]:
        """Fire what is due."""
        return self._counted(self._exchange.wake(now, at))

    def flow_failed(self, flow: Flow, now: Instant, at: datetime) -> Sequence[Output]:
        """Hear that a flow failed."""
        return self._counted(self._exchange.flow_failed(flow, now, at))

    def resolved(self, answer: Answer, now: Instant, at: datetime) -> Sequence[Output]:
        """Take the answer to a question."""
        return self._counted(self._exchange.resolved(answer, now, at))

    def _counted(self, outputs: list[Output]) -> list[Output]:
        for output in outputs:
            if isinstance(output, Transmit):
                self._metrics.sent()
        return outputs
