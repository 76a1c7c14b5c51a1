"""Carries out what the exchange returns, in its order, and tells of what befell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from b2bua.call.media import (
    CloseMedia,
    ClosePort,
    ConnectPort,
    ExtendMedia,
    LetHear,
    MediaOrder,
    OpenPort,
    PressKeys,
    RecordLeg,
    StopRecording,
)
from b2bua.exchange.outputs import (
    CallFault,
    CapNearing,
    Drained,
    FinishCall,
    SaveCall,
    SaveCounter,
)
from b2bua.net.driver import Crashed, Lagged, Unconnected
from b2bua.observe.metrics import Metrics
from b2bua.service.quota import ReserveQuota
from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk
from b2bua.sip.endpoint.doorway import BANNED
from b2bua.sip.endpoint.outputs import Dropped, SaveBindings, WayChanged
from b2bua.store.encoding import encode_record
from b2bua.store.journal import Journal

PHONE: Final = "phone/"
"""Under which names the journal keeps where phones are, with the extension."""


class Media(Protocol):
    """Who takes media orders."""

    def send(self, order: MediaOrder) -> None:
        """Give an order. Never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heed:
    """What follows from what befell."""

    finished: Callable[[], None]
    """A record is in the journal."""
    drained: Callable[[], None]
    """The last call has ended."""
    lagged: Callable[[float], None]
    """The loop was busy for so many seconds."""
    cap_nears: Callable[[CapNearing], None]
    """A period holds so much of a cap."""
    reserve: Callable[[ReserveQuota], None]
    """The store is to be asked for quota."""
    look_up: Callable[[LookUpTalk], None]
    """The store is to be asked with whom a caller talked."""
    way_changed: Callable[[], None]
    """A trunk's address went down, or came back."""


class Carrier:
    """What the driver tells of goes to journal, media, metrics and log from here."""

    def __init__(
        self,
        journal: Journal,
        media: Media,
        metrics: Metrics,
        heed: Heed,
    ) -> None:
        self._journal = journal
        self._media = media
        self._metrics = metrics
        self._heed = heed
        self._log = structlog.get_logger()

    def tell(self, output: object) -> None:
        """Take one output that is not for the network."""
        match output:
            case (
                OpenPort()
                | ConnectPort()
                | LetHear()
                | PressKeys()
                | RecordLeg()
                | StopRecording()
                | ClosePort()
                | CloseMedia()
                | ExtendMedia()
            ):
                self._media.send(output)
            case SaveCall(call=call, image=image):
                self._journal.save(call, image)
            case FinishCall(record=record):
                self._finish(record)
            case SaveBindings(extension=extension, state=state):
                self._journal.save_counter(f"{PHONE}{extension}", state)
            case SaveCounter(key=key, state=state):
                self._journal.save_counter(key, state)
            case Dropped(reason=reason, flow=flow):
                self._metrics.dropped(reason)
                log = self._log.warning if reason == BANNED else self._log.debug
                log("dropped", reason=reason, source=flow.remote)
            case WayChanged():
                self._tell_of_way(output)
            case ReserveQuota():
                self._heed.reserve(output)
            case LookUpTalk():
                self._heed.look_up(output)
            case CapNearing():
                self._warn_of(output)
            case Drained():
                self._heed.drained()
            case CallFault() | Crashed() | Lagged() | Unconnected():
                self._tell_of_trouble(output)
            case _:
                self._log.error("nobody takes this output", output=type(output).__name__)

    def _finish(self, record: CallRecord) -> None:
        self._journal.finish(record.id, encode_record(record))
        self._heed.finished()
        self._metrics.ended(record)
        self._log.info(
            "call ended",
            call=record.id,
            number=record.number,
            caller="anonymous" if record.caller_private else record.caller,
            outcome=record.outcome.value,
            reason=record.end_reason,
            destination=record.destination,
            talk_ms=record.talk_ms,
        )

    def _tell_of_way(self, change: WayChanged) -> None:
        self._metrics.way_changed(change.trunk, change.address, change.state)
        tell = self._log.warning if change.state == "down" else self._log.info
        tell(
            f"trunk {change.state}",
            trunk=change.trunk,
            address=change.address,
            why=change.detail,
        )
        self._heed.way_changed()

    def _warn_of(self, nearing: CapNearing) -> None:
        self._heed.cap_nears(nearing)
        self._metrics.cap_nearing(nearing.cap.value, nearing.percent)
        self._log.warning(
            "cap reached" if nearing.percent == 100 else "cap comes near",
            number=nearing.number,
            cap=nearing.cap.value,
            percent=nearing.percent,
            used=nearing.used,
            limit=nearing.limit,
            since=str(nearing.starts),
        )

    def _tell_of_trouble(self, trouble: CallFault | Crashed | Lagged | Unconnected) -> None:
        match trouble:
            case Unconnected(flow=flow, reason=reason):
                self._log.warning(
                    "no connection",
                    transport=flow.transport,
                    remote=flow.remote,
                    wanted=list(flow.expects),
                    why=reason,
                )
            case CallFault(call=call, traceback=traceback):
                self._metrics.fault("call")
                self._log.error("call fault", call=call, traceback=traceback)
            case Crashed(traceback=traceback, flow=flow, data=data):
                self._metrics.fault("input")
                source = None if flow is None else flow.remote
                start = data[:200].split(b"\r\n", 1)[0].decode("ascii", "replace")
                self._log.error(
                    "input lost", traceback=traceback, source=source, message=start
                )
            case Lagged(seconds=seconds):
                self._metrics.lagged(seconds)
                self._log.warning("loop lag", seconds=round(seconds, 3))
                self._heed.lagged(seconds)
