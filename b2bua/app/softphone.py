"""A softphone without a screen: what ``b2bua dial`` and ``b2bua answer`` run.

It brings its own media process, so that it works beside a node or without one, and a
temporary directory for what it sends, which is gone afterwards.
"""

import asyncio
import math
import os
import socket
import sys
import tempfile
import wave
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from b2bua.app.line import Line, LineOutput
from b2bua.call.destination import Target
from b2bua.call.events import LegFact
from b2bua.call.leg import LegOutput
from b2bua.call.media import LegId, MediaFact, MediaOrder
from b2bua.core.address import Address
from b2bua.core.errors import B2buaError
from b2bua.core.tokens import Tokens
from b2bua.mediactl.pool import MediaPool
from b2bua.net.driver import Crashed, Driver, Unconnected
from b2bua.net.resolver import Resolver
from b2bua.net.tcp import StreamWay, open_tcp, open_tls
from b2bua.net.tls import Credential, contexts, own_credential
from b2bua.net.udp import open_udp
from b2bua.sip.dialog import events as sip
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.transport.flow import TransportName

MEDIA_PORTS: Final = "40000-49999"
"""Apart from a node's own, so that both can be on one machine."""
PEER: Final = "peer"
"""The one trunk of a softphone: whoever it calls, and anybody who calls it."""
SAMPLE_RATE: Final = 8000
LAST_WORDS: Final = 2.0
"""Seconds that a BYE may need for a new connection."""
SENT: Final = "sent"
"""Name of the prompt that ``--send`` was made into."""


class SoftphoneFailed(B2buaError):
    """The softphone cannot work here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom a softphone trusts, and what it shows."""

    trusted: Path | None = None
    """A file of authorities or certificates; None: the system's authorities."""
    credential: Credential | None = None
    """None: one that it makes for itself."""
    srtp: Srtp = Srtp.OPTIONAL
    only: bool = False
    """Listen for TLS at its address, and for nothing else."""


class Softphone:
    """One stack, one media process, and the facts of their legs in a queue."""

    def __init__(
        self,
        local: Address,
        next_hops: tuple[str, ...],
        home: Path,
        *,
        tls: Tls = Tls(),
    ) -> None:
        """``home`` is a directory of its own, gone when it is."""
        beside = local if tls.only else (local[0], 0)
        self._listening: list[tuple[TransportName, Address]] = [("tls", _free(beside))]
        if not tls.only:
            self._listening += [("udp", local), ("tcp", local)]
        self._tls = tls
        secured = all(hop.startswith("sips:") or "=tls" in hop for hop in next_hops)
        self._outbound = tls.srtp if secured else Srtp.NEVER
        listeners = tuple(
            Listener(transport=transport, local=address, advertised=address)
            for transport, address in self._listening
        )
        trunk = Trunk(
            name=PEER,
            networks=("0.0.0.0/0", "::/0"),
            next_hops=next_hops,
            trusted=True,
            srtp=tls.srtp,
        )
        tokens = Tokens(os.urandom)
        settings = EndpointSettings(listeners=listeners, trunks=(trunk,))
        self.line = Line(SipEndpoint(settings, tokens), tokens)
        self.facts: asyncio.Queue[LegFact | sip.Invited] = asyncio.Queue()
        self.local = local
        self.home = home
        self._loop = asyncio.get_running_loop()
        self._resolver = Resolver()
        self._driver = Driver(self.line, self._tell, self._resolver.resolve)
        self._pool: MediaPool | None = None
        self._streams: list[StreamWay] = []

    async def start(self, media: Path) -> None:
        """Listen, and connect to the media process at ``media``."""
        self._pool = MediaPool([media], self._hear_of, _complain)
        await self._pool.start()
        credential = self._tls.credential or own_credential(
            self.home / "tls", [self.local[0]], datetime.now(UTC)
        )
        ask = self._tls.trusted is not None
        trusted = str(self._tls.trusted or "")
        show = self._tls.credential is not None
        tls = contexts(credential, trusted=trusted, ask=ask, show=show)
        host, port = self.local
        try:
            for transport, address in self._listening:
                host, port = address
                match transport:
                    case "udp":
                        await open_udp(self._driver, address)
                    case "tcp":
                        self._streams.append(await open_tcp(self._driver, address))
                    case _:
                        way = await open_tls(self._driver, address, tls)
                        self._streams.append(way)
        except OSError as error:
            raise SoftphoneFailed(f"cannot listen on {host}:{port}: {error}") from error

    async def stop(self) -> None:
        """Let go of sockets and threads, once the last word has left."""
        for _ in range(100):
            if not any(way.connecting for way in self._streams):
                break
            await asyncio.sleep(LAST_WORDS / 100)
        self._driver.close()
        self._resolver.close()
        if self._pool is not None:
            await self._pool.stop()

    def do(self, outputs: Sequence[LegOutput]) -> None:
        """Carry out what a leg wants."""
        self._driver.perform(lambda now, at: self.line.act(outputs, now))

    def order(self, order: MediaOrder) -> None:
        """Tell the media process something."""
        if self._pool is not None:
            self._pool.send(order)

    def dial(self, user: str, caller: str, ring: float) -> LegId:
        """Call ``user`` at the next hop."""
        begun: list[LegId] = []

        def begin(now: float, at: object) -> list[LineOutput]:
            target = replace(_target(user, caller, ring), srtp=self._outbound)
            leg, outputs = self.line.dial(target, now)
            begun.append(leg)
            return outputs

        self._driver.perform(begin)
        return begun[0]

    def take(self, invited: sip.Invited) -> LegId:
        """Take a call that came."""
        taken: list[LegId] = []

        def begin(now: float, at: object) -> list[LineOutput]:
            leg, outputs = self.line.take(invited, now)
            taken.append(leg)
            return outputs

        self._driver.perform(begin)
        return taken[0]

    def refuse(self, invited: sip.Invited, status: int, q850: int) -> None:
        """Say no to a call that came."""
        self._driver.perform(
            lambda now, at: self.line.refuse(invited.session, status, q850, now)
        )

    def _tell(self, output: object) -> None:
        match output:
            case Crashed(traceback=trace):
                _complain(trace)
            case Unconnected(flow=flow, reason=reason):
                host, port = flow.remote
                _complain(f"{flow.transport}:{host}:{port}: {reason}")
            case _ if isinstance(output, MediaOrder):
                self.order(output)
            case _ if isinstance(output, LegFact | sip.Invited):
                self.facts.put_nowait(output)
            case _:
                pass

    def _hear_of(self, fact: MediaFact) -> None:
        self._driver.perform(lambda now, at: self.line.hear_of(fact, now))


@asynccontextmanager
async def softphone(
    local: Address,
    *,
    next_hops: tuple[str, ...] = (),
    send: Path | None = None,
    tone: int = 0,
    tls: Tls = Tls(),
) -> AsyncIterator[Softphone]:
    """Run a softphone with its media process; raises :class:`SoftphoneFailed`.

    What it can send, under the name :data:`SENT`, is the file ``send``, or else a tone of
    so many hertz.
    """
    with tempfile.TemporaryDirectory(prefix="b2bua-") as directory:
        home = Path(directory)
        if send is None and tone:
            send = home / "tone.wav"
            _write_tone(tone, send)
        if send is not None:
            await _convert(send, home / f"{SENT}.wav")
        process = await _start_media(home, local[0])
        phone = Softphone(local, next_hops, home, tls=tls)
        try:
            await phone.start(home / "media.sock")
            yield phone
        finally:
            await phone.stop()
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def _free(address: Address) -> Address:
    """The address itself, or with a port that is free if it names none."""
    if address[1]:
        return address
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(address)
        host, port = probe.getsockname()[:2]
    return host, port


def free_address(towards: Address) -> Address:
    """An address of ours that reaches ``towards``, with a port that is free."""
    family = socket.AF_INET6 if ":" in towards[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(towards)
            host, port = probe.getsockname()[:2]
    except OSError as error:
        raise SoftphoneFailed(f"cannot reach {towards[0]}: {error}") from error
    return host, port


async def _convert(source: Path, target: Path) -> None:
    command = (sys.executable, "-m", "media.audio.files", str(source), str(target))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode != 0:
        raise SoftphoneFailed(errors.decode(errors="replace").strip())


async def _start_media(home: Path, address: str) -> asyncio.subprocess.Process:
    path = home / "media.sock"
    command = [sys.executable, "-m", "media.worker.main", "--socket", str(path)]
    command += ["--ports", MEDIA_PORTS, "--address", address, "--threads", "1"]
    command += ["--silence-after", "0", "--prompts", str(home)]
    with (home / "media.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, start_new_session=True
        )
    for _ in range(200):
        if path.exists():
            return process
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    if process.returncode is None:
        process.kill()
        await process.wait()
    said = (home / "media.log").read_text(errors="replace").strip()
    raise SoftphoneFailed(f"the media process did not start: {said or 'no word'}")


def _write_tone(hertz: int, target: Path) -> None:
    """One second of a sine, to be repeated; whole periods, so that no click is heard."""
    samples = (
        round(8000 * math.sin(2 * math.pi * hertz * n / SAMPLE_RATE))
        for n in range(SAMPLE_RATE)
    )
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(array("h", samples).tobytes())


def _target(user: str, caller: str, ring: float) -> Target:
    return Target(
        name=PEER, user=user, trunk=PEER, ring=ring, from_user=caller, asserted=caller
    )


def _complain(text: str) -> None:
    print(text, file=sys.stderr)
