"""How fast somebody may guess: per account and address, and nobody is locked out.

The login name is a public number, so a stranger must not be able to close it. Each pair
of account and address has tries of its own, which come back with time; and who has guessed
wrong waits behind those who have not. Time is an argument (seconds, monotonic).
"""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias

TRIES: Final = 5
"""In a row."""
REFILL_SECONDS: Final = 60.0
"""Until one more may be made."""
MOST_PAIRS: Final = 200_000
"""Remembered; beyond, the one that was quiet longest is forgotten."""
AT_ONCE: Final = 2
"""Passwords compared at the same time; each costs a core a twentieth of a second."""
SOME_WAITING: Final = 8
PAUSE: Final = 0.5
"""Seconds that a place rests then."""
LONGEST_WAIT: Final = 5.0
"""Seconds after which who still waits is sent away."""
MOST_WAITING: Final = 64
"""The worst of them is sent away for one more."""

Pair: TypeAlias = tuple[str, str]


def origin(address: str) -> str:
    """What counts as one address: an IPv4 address, or the 64-bit network of an IPv6 one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


@dataclass(slots=True)
class _Guesses:
    wrong: float
    at: float


class Throttle:
    """Wrong guesses by account and address."""

    def __init__(self, *, tries: int = TRIES, refill: float = REFILL_SECONDS) -> None:
        self._tries = tries
        self._refill = refill
        self._guesses: OrderedDict[Pair, _Guesses] = OrderedDict()

    def wrong(self, pair: Pair, now: float) -> int:
        """Guesses that still count against the pair."""
        known = self._guesses.get(pair)
        if known is None:
            return 0
        return int(max(0.0, known.wrong - (now - known.at) / self._refill) + 0.999)

    def wait(self, pair: Pair, now: float) -> float:
        """Seconds until the pair may try; 0: now."""
        known = self._guesses.get(pair)
        if known is None:
            return 0.0
        left = known.wrong - (now - known.at) / self._refill
        return max(0.0, (left - (self._tries - 1)) * self._refill)

    def begin(self, pair: Pair, now: float) -> None:
        """Count a try as wrong until it is known to be right."""
        known = self._guesses.pop(pair, None)
        before = 0.0
        if known is not None:
            before = max(0.0, known.wrong - (now - known.at) / self._refill)
        self._guesses[pair] = _Guesses(wrong=before + 1.0, at=now)
        if len(self._guesses) > MOST_PAIRS:
            self._guesses.popitem(last=False)

    def forgive(self, pair: Pair) -> None:
        """One try was right after all; those before it still count."""
        known = self._guesses.get(pair)
        if known is not None:
            known.wrong = max(0.0, known.wrong - 1.0)

    def right(self, pair: Pair) -> None:
        """The password was given: nothing counts against the pair any more."""
        self._guesses.pop(pair, None)


class Regulars:
    """Pairs that have signed in: they go before all whom nobody knows."""

    def __init__(self, most: int = MOST_PAIRS) -> None:
        self._most = most
        self._pairs: OrderedDict[Pair, None] = OrderedDict()

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._pairs

    def add(self, pair: Pair) -> None:
        """Remember one, and its address, which has nobody's name."""
        for one in (pair, ("", pair[1])):
            self._pairs[one] = None
            self._pairs.move_to_end(one)
        while len(self._pairs) > self._most:
            self._pairs.popitem(last=False)


class Crowded(Exception):
    """Too many are guessing; come again."""


class Turnstile:
    """Lets a few at a time through, those with the fewest wrong guesses first.

    Among equals the last to come is the first: a thousand addresses that all guess for
    the first time must not stand before an owner who comes after them. Where many wait, a
    place rests after each of whom nobody knows: guessers shall not have the machine.
    """

    def __init__(self, pause: float = PAUSE, longest: float = LONGEST_WAIT) -> None:
        self._pause = pause
        self._longest = longest
        self._free = AT_ONCE
        self._resting = 0
        self._count = 0
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def crowded(self) -> bool:
        """Whether it is worth to know who came here before."""
        return len(self._queue) >= SOME_WAITING

    @asynccontextmanager
    async def turn(self, rank: int) -> AsyncIterator[None]:
        """Wait for one's turn; who is known ranks below 0. Raises :class:`Crowded`."""
        if self._free:
            self._free -= 1
        elif rank < 0 and self._resting:
            self._resting -= 1
        else:
            if len(self._queue) >= MOST_WAITING:
                self._make_room(rank)
            await self._wait(rank)
        try:
            yield
        finally:
            self._leave(rank)

    def _leave(self, rank: int) -> None:
        if rank >= 0 and self.crowded and self._queue[0][0] >= 0:
            self._resting += 1
            asyncio.get_running_loop().call_later(self._pause, self._rested)
        else:
            self._pass_on()

    def _rested(self) -> None:
        if self._resting:
            self._resting -= 1
            self._pass_on()

    def _make_room(self, wrong: int) -> None:
        """Send away who has guessed wrong most and waits longest. Raises Crowded."""
        worst = max(self._queue, default=None, key=lambda one: one[:2])
        if worst is None or worst[0] < wrong:
            raise Crowded
        self._queue.remove(worst)
        heapq.heapify(self._queue)
        if not worst[2].done():
            worst[2].set_exception(Crowded())

    async def _wait(self, rank: int) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        entry = (rank, -self._count, waiting)
        heapq.heappush(self._queue, entry)
        try:
            async with asyncio.timeout(self._longest):
                await waiting
        except TimeoutError:
            self._give_up(entry)
            raise Crowded from None
        except asyncio.CancelledError:
            self._give_up(entry)
            raise

    def _give_up(self, entry: tuple[int, int, asyncio.Future[None]]) -> None:
        """Leave the queue; a turn that came in the same moment is passed on."""
        waiting = entry[2]
        if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
            self._pass_on()
        elif entry in self._queue:
            self._queue.remove(entry)
            heapq.heapify(self._queue)

    def _pass_on(self) -> None:
        while self._queue:
            waiting = heapq.heappop(self._queue)[2]
            if not waiting.done():
                waiting.set_result(None)
                return
        self._free += 1
