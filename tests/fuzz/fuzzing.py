"""Bytes bent at random, for as long as one likes, against one reader of bytes.

    python -m tests.fuzz.message --seconds 600
    python -m tests.fuzz.message --seconds 600 --guided     # by atheris, if it is installed

A target takes bytes and says in a word what came of them; whatever it raises is a finding,
and so is an input that takes long. Inputs whose word is new are bent again, so that the
search finds its way in without instruments. Findings are written where ``--keep`` says.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

LONG: Final = 0.25
"""Seconds of CPU that no input may take."""
LARGEST: Final = 65_507
"""Octets of an input, as of a datagram over IPv4."""
MOST_KEPT: Final = 4096
"""Inputs that are bent again."""
NUMBERS: Final = (
    *(b"0", b"-1", b"1", b"255", b"65536", b"2147483648", b"4294967296", b"9" * 400),
    *(b"\0", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader of bytes."""

    name: str
    feed: Callable[[bytes], Hashable]
    """Reads; what comes of it in a word. Raises what it must not."""
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    """What its grammar is made of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that the target fails on."""

    data: bytes
    fault: str


@dataclass(slots=True)
class Findings:
    """What a run found."""

    inputs: int = 0
    seconds: float = 0.0
    outcomes: int = 0
    faults: list[Finding] = field(default_factory=list)
    """One for each place that raised."""


def search(target: Target, *, seconds: float, inputs: int, seed: int) -> Findings:
    """Feed bent inputs until the time is over, or the number is reached."""
    random = Random(seed)
    kept = [seed_ for seed_ in target.seeds if len(seed_) <= LARGEST]
    known: set[Hashable] = set()
    places: set[str] = set()
    found = Findings()
    begin = time.monotonic()
    for data in _inputs(kept, target.words, random):
        found.seconds = time.monotonic() - begin
        if found.inputs >= inputs or found.seconds >= seconds:
            found.outcomes = len(known)
            return found
        found.inputs += 1
        outcome, fault = _fed(target, data)
        if fault and (place := fault.strip().rsplit("\n", 2)[-2]) not in places:
            places.add(place)
            found.faults.append(Finding(data, fault))
        if outcome not in known and len(kept) < MOST_KEPT:
            known.add(outcome)
            kept.append(data)
    raise AssertionError("inputs have no end")


def _fed(target: Target, data: bytes) -> tuple[Hashable, str]:
    begin = time.process_time()
    try:
        outcome = target.feed(data)
    except Exception:
        return None, traceback.format_exc()
    spent = time.process_time() - begin
    return outcome, f"slow:\ntook {spent:.2f} s\n" if spent > LONG else ""


def _inputs(kept: list[bytes], words: Sequence[bytes], random: Random) -> Iterator[bytes]:
    """Every seed as it is, then bent ones for ever."""
    yield from tuple(kept)
    while True:
        yield bent(kept, words, random)


def bent(kept: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """One of ``kept``, with a few things changed."""
    data = bytearray(random.choice(kept))
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        _bend(data, kept, words, random)
    return bytes(data[:LARGEST])


def _bend(
    data: bytearray, kept: Sequence[bytes], words: Sequence[bytes], random: Random
) -> None:
    """Change something, somewhere."""
    start = random.randint(0, len(data))
    end = min(len(data), start + random.choice((0, 1, 1, 2, 4, 16, 64)))
    match random.randrange(8):
        case 0 if data:
            data[min(start, len(data) - 1)] ^= 1 << random.randrange(8)
        case 1:
            data[start:end] = random.randbytes(random.randrange(1, 5))
        case 2:
            del data[start:end]
        case 3:
            data[start:start] = data[start:end] * random.choice((1, 2, 16, 256))
        case 4 if words:
            data[start:end] = random.choice(words)
        case 5:
            data[start:end] = random.choice(NUMBERS)
        case 6:
            _bend_line(data, words, random)
        case _:
            other = random.choice(kept)
            cut = random.randint(0, len(other))
            data[start:] = other[cut:]


def _bend_line(data: bytearray, words: Sequence[bytes], random: Random) -> None:
    """Drop, double, move or fill one line."""
    lines = bytes(data).split(b"\r\n")
    index = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            del lines[index]
        case 1:
            lines[index:index] = [lines[index]] * random.choice((1, 2, 300))
        case 2:
            lines.insert(random.randint(0, len(lines)), lines.pop(index))
        case _:
            name, colon, _ = lines[index].partition(b":")
            lines[index] = name + colon + random.choice(words or NUMBERS)
    data[:] = b"\r\n".join(lines)


def guided(target: Target, seconds: float) -> None:
    """Let atheris search by coverage; it ends the process, with a fault if there is one."""
    atheris: Any = import_module("atheris")
    atheris.instrument_all()
    with TemporaryDirectory(prefix=target.name) as corpus:
        for seed in target.seeds:
            (Path(corpus) / sha256(seed).hexdigest()[:16]).write_bytes(seed)
        options = [f"-max_total_time={int(seconds)}", f"-max_len={LARGEST}"]
        atheris.Setup([target.name, *options, corpus], target.feed)
        atheris.Fuzz()


def main(target: Target) -> int:
    """The command of one target; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=f"Bend inputs of {target.name}.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="for what was found")
    parser.add_argument("--guided", action="store_true", help="by atheris' coverage")
    chosen = parser.parse_args()
    if chosen.guided:
        guided(target, chosen.seconds)
        return 0
    found = search(target, seconds=chosen.seconds, inputs=sys.maxsize, seed=chosen.seed)
    for finding in found.faults:
        print(finding.fault)
        print(f"  by {finding.data[:200]!r}")
        if chosen.keep:
            chosen.keep.mkdir(parents=True, exist_ok=True)
            name = f"{target.name}-{sha256(finding.data).hexdigest()[:16]}"
            (chosen.keep / name).write_bytes(finding.data)
    print(
        f"{target.name}: {found.inputs} inputs in {found.seconds:.0f} s (seed "
        f"{chosen.seed}), {found.outcomes} outcomes, {len(found.faults)} faults"
    )
    return 1 if found.faults else 0
