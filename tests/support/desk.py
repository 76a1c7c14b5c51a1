"""Every destination at once: one socket that does to a call what its number says.

The last three digits of the called number are the answer: ``200`` takes the call, ``201``
takes it after some seconds of ringing, ``000`` rings for ever, ``817`` says 480 for the
reason that the user is busy, and everything else is the status that refuses the call.
"""

import socket
import threading
import time
from types import TracebackType
from typing import Final, Self

from tests.support.phone import Heard

RINGING_SECONDS: Final = 4.0


class Desk:
    """Answers at ``address``, in a thread."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[Heard] = []
        """Requests, repetitions too, in the order in which they came."""
        self._over = threading.Event()
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 5060))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._socket.close()

    def told(self, method: str, number: str) -> bool:
        """Whether such a request came for a number."""
        return any(
            one.start.startswith(f"{method} sip:{number}") for one in list(self.heard)
        )

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                data, source = self._socket.recvfrom(65_535)
            except TimeoutError:
                continue
            heard = Heard.of(data)
            if heard.start.startswith("SIP/2.0"):
                continue
            self.heard.append(heard)
            self._take(heard, source)

    def _take(self, heard: Heard, source: tuple[str, int]) -> None:
        match heard.start.split()[0]:
            case "INVITE":
                self._invited(heard, source)
            case "CANCEL":
                self._reply(heard, source, 200)
                for invite in list(self.heard):
                    same = invite.value("Call-ID") == heard.value("Call-ID")
                    if same and invite.start.startswith("INVITE"):
                        self._reply(invite, source, 487)
            case "ACK":
                pass
            case _:
                self._reply(heard, source, 200)

    def _invited(self, invite: Heard, source: tuple[str, int]) -> None:
        user = invite.start.split()[1].partition("@")[0]
        match int(user[-3:]):
            case 0:
                self._reply(invite, source, 180)
            case 201:
                self._reply(invite, source, 180)
                late = (invite, source, 200)
                self._timers.append(threading.Timer(RINGING_SECONDS, self._reply, late))
                self._timers[-1].start()
            case 817:
                self._reply(invite, source, 480, "Reason: Q.850;cause=17\r\n")
            case status:
                self._reply(invite, source, status)

    def _reply(
        self, request: Heard, source: tuple[str, int], status: int, more: str = ""
    ) -> None:
        vias = "".join(f"Via: {via}\r\n" for via in request.values("Via"))
        to = request.value("To")
        to = to if "tag=" in to else f"{to};tag=desk"
        invited = request.start.startswith("INVITE") and status == 200
        body = ""
        if invited:
            more += "Content-Type: application/sdp\r\n"
            body = (
                f"v=0\r\no=- {time.time_ns()} 1 IN IP4 {self.address}\r\ns=-\r\n"
                f"c=IN IP4 {self.address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\n"
                "a=rtpmap:101 telephone-event/8000\r\n"
            )
        text = (
            f"SIP/2.0 {status} Said\r\n{vias}From: {request.value('From')}\r\n"
            f"To: {to}\r\nCall-ID: {request.value('Call-ID')}\r\n"
            f"CSeq: {request.value('CSeq')}\r\n"
            f"Contact: <sip:desk@{self.address}:5060>\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._socket.sendto(text.encode(), source)
