"""Two legs joined: each hears the other, and holds and endings are carried across.

Nothing else crosses. Codecs, addresses and re-negotiations end at our own ports; who
speaks does not, as a destination that plays music on hold must be heard, and one that is
put on hold should know.
"""

from collections.abc import Sequence

from b2bua.call.caller import CallerLeg
from b2bua.call.destination import DestinationLeg
from b2bua.call.events import Turned
from b2bua.call.leg import LegOutput, turn
from b2bua.call.media import HearLeg


class Bridge:
    """The caller and the destination that answered."""

    def __init__(self, caller: CallerLeg, destination: DestinationLeg) -> None:
        self._caller = caller
        self._destination = destination

    def join(self) -> Sequence[LegOutput]:
        """Let each hear the other."""
        return [
            *self._caller.hear(HearLeg(self._destination.leg)),
            *self._destination.hear(HearLeg(self._caller.leg)),
        ]

    def turned(self, fact: Turned) -> Sequence[LegOutput]:
        """Carry a hold, or its end, across by a re-INVITE of our own."""
        if fact.leg == self._caller.leg:
            return (
                []
                if self._destination.over
                else turn(self._destination.audio, fact.direction)
            )
        return [] if self._caller.over else turn(self._caller.audio, fact.direction)
