"""The queue of a group whose destinations are all busy (永不占线): music, and who is next.

A caller who waits is answered, hears the ``queue`` prompt, then music, and the prompt again
every so often; with how many are ahead, if the plan has it so. White-listed callers come
first, then whoever waits longest; only who is next is let to try, when a call of the number
ends and every :data:`RETRY` seconds, as a destination that says busy by itself tells nobody
when it is free.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from b2bua.call.caller import CallerLeg
from b2bua.call.leg import LegOutput
from b2bua.call.media import CallId, HearPrompts
from b2bua.core.clock import Instant
from b2bua.service.flow import hearing
from b2bua.service.plan import Plan, Queue

RETRY: Final = 5.0
"""Seconds between the tries of whoever is next."""
MUSIC: Final = "tones/music"
PROMPT: Final = "queue"
TOKEN: Final = "queue"
MOST_TOLD: Final = 10
"""Callers ahead that are told by their number; beyond it there are only more."""


@dataclass(frozen=True, slots=True)
class Try:
    """It is time to see whether a destination is free."""


Waited: TypeAlias = LegOutput | Try


class Waiting:
    """One caller in the queue of one group."""

    def __init__(
        self,
        caller: CallerLeg,
        plan: Plan,
        queue: Queue,
        ahead: Callable[[], int],
        *,
        now: Instant,
    ) -> None:
        """``ahead`` says how many callers are before this one."""
        self.since: Final = now
        self.until: Final = now + queue.max_wait
        self._caller = caller
        self._plan = plan
        self._queue = queue
        self._ahead = ahead
        self._try_at: Instant | None = now + RETRY
        self._tell_at = now + queue.announce

    @property
    def deadline(self) -> Instant:
        """When :meth:`wake` must next be called."""
        return self._tell_at if self._try_at is None else min(self._tell_at, self._try_at)

    def tell(self) -> Sequence[LegOutput]:
        """Say that all are busy, and how many are ahead; music follows."""
        names = [PROMPT]
        if self._queue.position:
            names.append(place_prompt(self._ahead()))
        prompts = tuple(hearing.media_name(name, self._plan) for name in names)
        return self._caller.hear(HearPrompts(prompts=prompts, token=TOKEN))

    def pause(self) -> None:
        """A destination is tried: ask for no other."""
        self._try_at = None

    def again(self, now: Instant) -> None:
        """Nobody is free: try again in a while."""
        self._try_at = now + RETRY

    def prompts_ended(self, token: str) -> Sequence[LegOutput]:
        """Hear that what was played came to its end."""
        return self.play() if token == TOKEN else []

    def play(self) -> Sequence[LegOutput]:
        """Let the caller hear music."""
        name = self._queue.music
        music = hearing.media_name(name, self._plan) if name else MUSIC
        return self._caller.hear(HearPrompts(prompts=(music,), repeat=True))

    def wake(self, now: Instant) -> Sequence[Waited]:
        """Fire what is due."""
        outputs: list[Waited] = []
        if self._tell_at <= now:
            self._tell_at = now + self._queue.announce
            outputs += self.tell()
        if self._try_at is not None and self._try_at <= now:
            self._try_at = now + RETRY
            outputs.append(Try())
        return outputs


def place_prompt(ahead: int) -> str:
    """The prompt that tells how many callers are ahead."""
    if not ahead:
        return "place-next"
    return f"place-{ahead}" if ahead <= MOST_TOLD else "place-more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a caller stands who waits."""

    group: str
    favoured: bool
    """White-listed: before all others."""
    since: Instant


class Waiter(Protocol):
    """A call that may be waiting."""

    @property
    def name(self) -> CallId:
        """Its name."""
        ...

    @property
    def place(self) -> Place | None:
        """Where it waits; None: it does not."""
        ...


def line(calls: Iterable[Waiter], group: str) -> tuple[CallId, ...]:
    """The names of the calls that wait for a group, next first."""
    places = [
        (not place.favoured, place.since, call.name)
        for call in calls
        if (place := call.place) is not None and place.group == group
    ]
    return tuple(name for _, _, name in sorted(places))
