"""Looks an installation over: each part, and what to do about what is wrong."""

import asyncio
import enum
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from b2bua.app import build
from b2bua.app.atlas import Atlas
from b2bua.app.freshness import HERE, stale_areas, stale_calendar
from b2bua.app.places import MissingFile, Places, area_file, catalogue, prompt_names
from b2bua.app.storage import Storage, opened_storage
from b2bua.app.wards import listening_on
from b2bua.config.checks import split_address, split_listener
from b2bua.config.settings import Settings
from b2bua.core.address import Address
from b2bua.net.resolver import Resolver
from b2bua.net.tls import UnusableCertificate, load, read
from b2bua.service.area import MalformedTable
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.target import question_of
from b2bua.store.errors import StoreError
from b2bua.store.fence import gaps
from b2bua.store.leases import Holding

LEAST_FREE: Final = 1_000_000_000
"""Bytes on the disk of ``data_dir``."""
ENGINE_SECONDS: Final = 20.0
LONG_SILENCE: Final = timedelta(hours=1)
"""After which a node that holds quota may not come back."""


class Level(enum.Enum):
    """How bad it is."""

    WELL = "well"
    NOTICE = "notice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one part."""

    level: Level
    what: str
    message: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, the quick things first."""
    found = [*_machine(settings), *_files(settings), *_ports(settings)]
    found.append(await _engine())
    found += [finding async for finding in _store(settings)]
    found += [finding async for finding in _trunks(settings)]
    return found


def _well(what: str, message: str) -> Finding:
    return Finding(Level.WELL, what, message)


def _notice(what: str, message: str) -> Finding:
    return Finding(Level.NOTICE, what, message)


def _wrong(what: str, message: str) -> Finding:
    return Finding(Level.WRONG, what, message)


def _machine(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield (_well if fine else _wrong)("python", f"{version}, 3.11 or newer is needed")
    places = Places(Path(settings.data_dir))
    try:
        places.make()
        with tempfile.TemporaryFile(dir=places.data_dir):
            pass
    except OSError as error:
        message = f"{places.data_dir} cannot be written: {error.strerror}"
        yield _wrong("data_dir", message)
        return
    free = shutil.disk_usage(places.data_dir).free
    level = _well if free >= LEAST_FREE else _wrong
    yield level("disk", f"{free / 1e9:.1f} GB free for {places.data_dir.absolute()}")


def _files(settings: Settings) -> Iterator[Finding]:
    try:
        prompts = catalogue(settings.media.prompts)
        yield _well("prompts", f"{len(prompt_names(prompts))} in {prompts}")
    except MissingFile as error:
        yield _wrong("prompts", str(error))
    try:
        table = build.area_table(settings)
        dated = f"{table.version:%Y-%m}" if table.version else "an unknown date"
        path = area_file(settings.service.area_file)
        yield _well("areas", f"{len(table)} prefixes as of {dated}, {path}")
    except (MissingFile, OSError, MalformedTable) as error:
        yield _wrong("areas", str(error))
    if any(text.startswith(("tls:", "wss:")) for text in settings.sip.listen):
        try:
            build.tls_contexts(settings)
            path = build.credential(settings).certificate
            shown = load(path)
            names = ", ".join(read(shown).names)
            until = f"{shown.not_valid_after_utc:%Y-%m-%d}"
            yield _well("tls", f"{path} for {names}, until {until}")
        except UnusableCertificate as error:
            yield _wrong("tls", str(error))


def _ports(settings: Settings) -> Iterator[Finding]:
    """Whether our addresses are free, or used by a node of ours that runs."""
    running = listening_on(Places(Path(settings.data_dir)).media_socket(0))
    if running is not None:
        running.let_go()
        yield _well("serve", "a node runs from this directory")
        return
    for text in settings.sip.listen:
        transport, local = split_listener(text)
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        yield _bindable(f"sip {text}", local, kind)
    if settings.metrics.listen:
        local = split_address(settings.metrics.listen)
        yield _bindable(f"metrics {settings.metrics.listen}", local, socket.SOCK_STREAM)


def _bindable(what: str, local: Address, kind: socket.SocketKind) -> Finding:
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(local)
        except OSError as error:
            return _wrong(what, f"cannot listen: {error.strerror}")
    return _well(what, "free")


async def _engine() -> Finding:
    """Whether the compiled engine can be loaded, seen from its own kind of process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import media.engine.core"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        async with asyncio.timeout(ENGINE_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return _wrong("engine", f"did not load within {ENGINE_SECONDS:.0f} seconds")
    if process.returncode == 0:
        return _well("engine", "compiled")
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    return _wrong("engine", f"install the package with a C compiler: {''.join(last)}")


async def _store(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with opened_storage(settings) as storage:
            held = await storage.leases.holdings()
            snapshot = await storage.plans.snapshot({})
            faults = storage.plans.faults
            aged = await _aged(storage, settings)
            unfenced = await gaps(storage.database)
            down = [row for row in await storage.trunks.all() if row.state == "down"]
    except StoreError as error:
        yield _wrong("postgresql", str(error))
        return
    years = snapshot.calendar.years
    kind = "the one of store.dsn" if settings.store.dsn else "embedded"
    yield _well("postgresql", f"{kind}, {len(snapshot.plans)} numbers")
    for number, fault in faults.items():
        yield _wrong(f"plan {number}", fault)
    trunks = build.trunk_names(settings)
    for plan in snapshot.plans.values():
        for name in sorted({one.trunk for one in plan.destinations.values()} - trunks):
            yield _wrong(f"plan {plan.number}", f"there is no trunk {name!r} any more")
    for gap in unfenced:
        yield _notice("tenants", f"kept apart by our queries alone: {gap}")
    for row in down:
        where = f"trunk {row.trunk} on {row.node}"
        yield _wrong(where, f"{row.address} takes no calls: {row.detail}")
    today = datetime.now(HERE).date()
    for complaint in (*stale_calendar(years, today), *aged):
        yield _notice("data", complaint)
    for finding in _kept(held):
        yield finding
    yield _well("calendar", f"{min(years)} to {max(years)}" if years else "empty")


def _kept(held: Sequence[Holding]) -> Iterator[Finding]:
    """Quota of nodes that have been silent for long: nobody else can use it."""
    long_ago = datetime.now(UTC) - LONG_SILENCE
    gone = {
        one.node: one.heard_at
        for one in held
        if one.held and one.silent and one.heard_at < long_ago
    }
    for node, heard_at in sorted(gone.items()):
        numbers = sorted({one.number for one in held if one.node == node and one.held})
        yield _notice(
            f"quota of {node}",
            f"not heard since {heard_at.astimezone():%Y-%m-%d %H:%M}, and holds some of"
            f" {', '.join(numbers)}; if it never comes back: b2bua quota --close {node}",
        )


async def _aged(storage: Storage, settings: Settings) -> list[str]:
    """What is to be said of the age of the area table in use."""
    try:
        table = await Atlas(storage.areas, settings).table()
    except (MissingFile, OSError, MalformedTable):
        return []  # told of among the files
    return list(stale_areas(table.version, datetime.now(HERE).date()))


async def _trunks(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.trunk:
        yield _wrong("trunks", "there is none: nobody may call")
    resolver = Resolver()
    try:
        for trunk in settings.trunk:
            if not trunk.from_:
                yield _notice(f"trunk {trunk.name}", "nobody calls by it: no 'from'")
            for hop in trunk.hops:
                yield await _hop(resolver, trunk.name, hop)
    finally:
        resolver.close()


async def _hop(resolver: Resolver, trunk: str, hop: str) -> Finding:
    uri = parse_uri(hop)
    assert isinstance(uri, SipUri)  # checked when the settings were read
    answer = await resolver.resolve(question_of(uri))
    what = f"trunk {trunk}"
    if not answer.targets:
        return _wrong(what, f"{hop}: no address for {uri.host}")
    places = ", ".join(
        f"{one.transport}:{one.address[0]}:{one.address[1]}" for one in answer.targets
    )
    return _well(what, f"{hop} is {places}")
