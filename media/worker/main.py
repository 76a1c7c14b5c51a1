"""Entry point of one media process.

    python -m media.worker.main --socket /run/b2bua/media.sock --prompts prompts

It serves until SIGTERM or SIGINT, or until it has had neither client nor session for as
long as ``--idle-exit`` says; then it gives all ports back and ends with status 0. One line
of JSON an incident on stderr; status 1 and one line if it cannot start.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import structlog
import uvloop

from media.audio.prompts import Prompts
from media.control.server import ControlServer
from media.engine.binding import open_engine
from media.session.process import Policy
from media.session.sessions import Sessions
from media.worker.ports import EXPEDITED, QUARANTINE, PortPairs
from media.worker.process import Log, Means, MediaProcess, Place


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    fault = _misuse(options)
    if fault:
        print(f"media.worker: {fault}", file=sys.stderr)
        return 2
    _raise_descriptor_limit()
    try:
        return uvloop.run(_serve(options, _log()))
    except (OSError, RuntimeError) as failure:
        print(f"media.worker: {failure}", file=sys.stderr)
        return 1


async def _serve(options: argparse.Namespace, log: Log) -> int:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    engine = open_engine(options.threads or os.cpu_count() or 1)
    server = ControlServer(options.socket)
    means = Means(
        engine=engine,
        places=tuple(_places(options)),
        prompts=Prompts(options.prompts, engine.load, engine.unload),
        say=server.say,
        log=log,
        idle=IdleWatch(options.idle_exit, ended.set),
    )
    policy = Policy(silence_after=options.silence_after)
    process = MediaProcess(Sessions(policy), means)
    try:
        await server.start(process)
        process.start()
        log("serving", socket=str(options.socket), address=" ".join(options.address))
        await ended.wait()
    finally:
        process.stop()
        await server.close()
    log("ended")
    return 0


def _places(options: argparse.Namespace) -> Iterator[Place]:
    """Where ports are lent, in the order of the addresses."""
    advertised = {ip_address(text).version: text for text in options.advertise}
    for text in options.address:
        family = ip_address(text).version
        yield Place(
            family=family,
            pairs=PortPairs(
                text, options.ports, quarantine=options.quarantine, dscp=options.dscp
            ),
            advertise=advertised.get(family, text),
        )


class IdleWatch:
    """Calls ``ended`` after ``seconds`` in which nobody needed the process; 0: never."""

    def __init__(self, seconds: float, ended: Callable[[], None]) -> None:
        self._seconds = seconds
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, idle: bool) -> None:
        """Hear whether anybody needs it now."""
        if not idle and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif idle and self._timer is None and self._seconds > 0:
            self._timer = self._loop.call_later(self._seconds, self._ended)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="media.worker", description=__doc__)
    add = parser.add_argument
    add("--socket", type=Path, required=True, help="where call control finds us")
    add("--ports", type=_range, default=range(20000, 30000), help="FIRST-LAST")
    add(
        "--address",
        nargs="+",
        default=["127.0.0.1"],
        metavar="IP",
        help="that the ports are bound to: one, or one of each family, the preferred first",
    )
    add(
        "--advertise",
        nargs="+",
        default=[],
        metavar="IP",
        help="for session descriptions, of each family; else what the ports are bound to",
    )
    add(
        "--threads",
        type=int,
        choices=range(65),
        default=0,
        metavar="N",
        help="of the engine; 0: one per core",
    )
    add("--prompts", type=Path, action="append", default=[], metavar="DIR")
    add("--idle-exit", type=float, default=60.0, metavar="SECONDS", help="0: never")
    add("--silence-after", type=float, default=30.0, metavar="SECONDS", help="0: never")
    add(
        "--dscp",
        type=int,
        choices=range(64),
        default=EXPEDITED,
        metavar="N",
        help="code point that packets are marked with",
    )
    add("--quarantine", type=float, default=QUARANTINE, metavar="SECONDS")
    return parser


def _misuse(options: argparse.Namespace) -> str:
    """What is wrong with the options, in a line; empty when nothing is."""
    for name in ("address", "advertise"):
        if fault := _unfit(getattr(options, name)):
            return f"--{name}: {fault}"
    advertised = {ip_address(text).version for text in options.advertise}
    for text in options.address:
        address = ip_address(text)
        if address.is_unspecified and address.version not in advertised:
            return f"--address {text} needs --advertise: nobody can send to it"
    for directory in options.prompts:
        if not directory.is_dir():
            return f"--prompts {directory}: no such directory"
    return ""


def _unfit(addresses: Sequence[str]) -> str:
    """What is wrong with addresses of which there may be one of each family."""
    versions: set[int] = set()
    for text in addresses:
        try:
            version = ip_address(text).version
        except ValueError:
            return f"{text!r} is no IP address"
        if version in versions:
            return f"{text} is the second of IPv{version}"
        versions.add(version)
    return ""


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and len(text) <= 11):
        raise argparse.ArgumentTypeError(f"{text!r} is not FIRST-LAST")
    ports = range(int(first), int(last) + 1)
    if len(ports) < 2 or ports.start < 1024 or ports.stop > 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of ports from 1024 up")
    return ports


def _raise_descriptor_limit() -> None:
    """Each pair takes two descriptors: take as many as we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _log() -> Log:
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logger = structlog.get_logger(process="media")

    def log(incident: str, **details: object) -> None:
        logger.info(incident, **details)

    return log


if __name__ == "__main__":
    sys.exit(main())
