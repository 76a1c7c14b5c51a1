"""The peer: rtpengine in userspace, spoken to by its ng protocol.

Requests and answers are bencoded dictionaries over UDP, each behind a cookie.
"""

import itertools
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

from tests.bench.measured import MEASURED_CPU, pin

Value: TypeAlias = "int | str | bytes | Sequence[Value] | Mapping[str, Value]"

HOST: Final = "127.0.91.1"
CONTROL: Final = (HOST, 2223)
PORTS: Final = (40000, 49999)
AUDIO: Final = re.compile(rb"m=audio (\d+) ")


class Peer:
    """A running rtpengine."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)
        self._cookies = itertools.count()

    def relay(
        self, call: str, caller: tuple[str, int], destination: tuple[str, int], law: str
    ) -> tuple[int, int]:
        """Set a call up; the ports that the caller and the destination send to.

        The caller speaks PCMA; the destination is offered ``law`` alone.
        """
        codecs: Value = {"mask": ["PCMA"], "transcode": [law]} if law != "PCMA" else {}
        common = {"call-id": call, "from-tag": "caller", "ICE": "remove"}
        offer = {"command": "offer", "sdp": _sdp(caller, "PCMA"), "codec": codecs}
        offered = self._ask({**common, **offer})
        reply = {"command": "answer", "to-tag": "called", "sdp": _sdp(destination, law)}
        answered = self._ask({**common, **reply})
        return _port(answered), _port(offered)

    def end(self, call: str) -> None:
        """Give its ports back."""
        self._ask({"command": "delete", "call-id": call, "from-tag": "caller"})

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            return b"pong" in self._ask({"command": "ping"})
        except TimeoutError:
            return False

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()

    def _ask(self, request: Mapping[str, Value]) -> bytes:
        """The answer as it came. Raises TimeoutError, RuntimeError."""
        cookie = b"%d " % next(self._cookies)
        self._socket.sendto(cookie + bencoded(request), CONTROL)
        while not (answer := self._socket.recv(65536)).startswith(cookie):
            pass
        if b"6:result5:error" in answer:
            raise RuntimeError(answer.decode("utf-8", "replace"))
        return answer


@contextmanager
def rtpengine() -> Iterator[Peer | None]:
    """Run it while the body runs; None where it is not installed."""
    program = shutil.which("rtpengine")
    if program is None:
        yield None
        return
    command = [
        *(program, "--config-file=none", "--foreground", "--log-stderr", "--log-level=3"),
        *("--table=-1", f"--interface={HOST}", "--num-threads=1", "--delete-delay=0"),
        *(f"--listen-ng={CONTROL[0]}:{CONTROL[1]}", "--pidfile=/dev/null"),
        *(f"--port-min={PORTS[0]}", f"--port-max={PORTS[1]}"),
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peer = Peer(process.pid)
    try:
        until = time.monotonic() + 10
        while not peer.answers():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("rtpengine did not start")
        pin(process.pid, MEASURED_CPU)
        yield peer
    finally:
        peer.close()
        process.terminate()
        process.wait()


def bencoded(value: Value) -> bytes:
    """A value as the ng protocol writes it: keys in order, texts by their length."""
    match value:
        case int():
            return b"i%de" % value
        case str():
            return bencoded(value.encode())
        case bytes():
            return b"%d:%s" % (len(value), value)
        case Mapping():
            pairs = (bencoded(key) + bencoded(value[key]) for key in sorted(value))
            return b"d" + b"".join(pairs) + b"e"
        case _:
            return b"l" + b"".join(map(bencoded, value)) + b"e"


def _sdp(address: tuple[str, int], law: str) -> str:
    kind = {"PCMA": 8, "PCMU": 0}[law]
    host, port = address
    lines = [
        *("v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"),
        *(f"m=audio {port} RTP/AVP {kind}", f"a=rtpmap:{kind} {law}/8000", "a=ptime:20"),
    ]
    return "\r\n".join((*lines, ""))


def _port(answer: bytes) -> int:
    found = AUDIO.search(answer)
    if found is None:
        raise RuntimeError(answer.decode("utf-8", "replace"))
    return int(found[1])
