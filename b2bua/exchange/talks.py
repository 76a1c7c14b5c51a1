"""The last talks of this node, which the store may not have yet."""

from dataclasses import replace
from typing import Final

from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk, Talked, TalkFound

MOST_CALLERS: Final = 50_000
"""Callers whose talks are remembered; beyond them the oldest are forgotten."""


class Talks:
    """With whom each caller talked, and when."""

    def __init__(self) -> None:
        self._talks: dict[tuple[str, str], dict[str, Talked]] = {}

    def add(self, record: CallRecord) -> None:
        """Note a call that is over, if it was a talk with somebody who can be known."""
        if not (record.destination and record.caller and record.talk_ms):
            return
        key = record.number, record.caller
        talks = self._talks.pop(key, {})
        if len(self._talks) >= MOST_CALLERS:
            self._talks.pop(next(iter(self._talks)))
        talks[record.destination] = Talked(record.destination, record.invite_at)
        self._talks[key] = talks

    def completed(self, found: TalkFound) -> TalkFound:
        """An answer of the store, with what is known here."""
        return replace(found, talked=self.latest(found.question, found.talked))

    def latest(self, question: LookUpTalk, stored: Talked | None) -> Talked | None:
        """The later of what the store found and what is known here."""
        talks = self._talks.get((question.number, question.caller), {})
        own = [
            talk
            for talk in talks.values()
            if talk.destination in question.members and talk.at >= question.since
        ]
        found = own if stored is None else [stored, *own]
        return max(found, key=lambda talk: talk.at, default=None)
