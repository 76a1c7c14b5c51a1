"""A third party that sends audio and reports to every port, and listens."""

import socket
import struct
import threading
from types import TracebackType
from typing import Final, Self

Address = tuple[str, int]

PACE: Final = 0.02
SOURCE: Final = 666
_REPORT: Final = struct.pack("!BBHI", 0x80, 201, 1, SOURCE)


class Intruder:
    """Works in a thread of its own while it is entered."""

    def __init__(self, host: str, targets: list[Address]) -> None:
        """``targets`` are ports of audio; each one's reports go to the next."""
        self.sent = 0
        self.heard = 0
        """Datagrams that somebody sent it."""
        self._targets = targets
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._intrude)

    def __enter__(self) -> Self:
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
        self._socket.close()

    def _intrude(self) -> None:
        number = 0
        while not self._over.wait(PACE):
            number += 1
            header = struct.pack(
                "!BBHII", 0x80, 8, number & 0xFFFF, number * 160 & 0xFFFFFFFF, SOURCE
            )
            for host, port in self._targets:
                self._send(header + b"\x55" * 160, (host, port))
                self._send(_REPORT, (host, port + 1))
            self._listen()

    def _send(self, data: bytes, to: Address) -> None:
        try:
            self._socket.sendto(data, to)
            self.sent += 1
        except OSError:
            self._listen()

    def _listen(self) -> None:
        try:
            while self._socket.recv(2048):
                self.heard += 1
        except OSError:
            return
