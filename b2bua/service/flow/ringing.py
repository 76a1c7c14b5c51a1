"""What a caller hears while destinations ring: never silence, never a second answer (§10).

======================  ====================================================
the plan has            the caller hears
======================  ====================================================
a greeting              the greeting, over and over, whoever is tried (183)
no greeting, 180        the own phone's ringing tone (180)
no greeting, 183        our ringing tone, until real audio comes: Chinese
                        trunks say "powered off" in it, or send none at all
answered already        our ringing tone, then as for 183
======================  ====================================================

That is the gateway model of RFC 3960 §4: we alone decide between the tone and the audio,
by whether audio is there. Where the network says that early media is not to be heard
(RFC 5009), it is not, until it says otherwise; that it may be heard makes none.
"""

from collections.abc import Callable, Sequence

from b2bua.call.caller import CallerLeg
from b2bua.call.events import Rang
from b2bua.call.leg import LegOutput
from b2bua.call.media import HearLeg, LegId
from b2bua.service.flow import hearing
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.plan import Plan


class Ringing:
    """The caller's ear, from the first attempt to the answer."""

    def __init__(
        self, caller: CallerLeg, dossier: Dossier, early: Callable[[LegId], str]
    ) -> None:
        """``early`` is what the trunk of an attempt lets be heard before the answer."""
        self._caller = caller
        self._dossier = dossier
        self._early = early
        self._covered = False
        """A greeting is what the caller hears, whatever the destinations send."""
        self._passing: LegId | None = None
        """The attempt whose own audio the caller hears."""
        self._barred: set[LegId] = set()
        """Attempts whose network forbids their audio before the answer."""
        self._speaking: set[LegId] = set()
        """Attempts from which audio comes."""

    def begin(
        self, plan: Plan, greeting: str | None, moment: Moment
    ) -> Sequence[LegOutput]:
        """Let the caller hear that something happens, before anything does."""
        if self._dossier.answered is not None:
            return self._caller.hear(hearing.ringback())
        if greeting is None:
            return []
        self._covered = True
        heard = self._caller.hear(hearing.greeting(greeting, plan))
        return [*self.open(moment), *heard]

    def cover(self) -> None:
        """Let the caller hear nothing of what destinations send: there is music."""
        self._covered = True

    def open(self, moment: Moment) -> Sequence[LegOutput]:
        """Send 183, unless the caller hears already."""
        outputs = self._caller.progress()
        if self._dossier.early is None and self._dossier.answered is None:
            self._dossier.early = moment if self._caller.hears else None
        return outputs

    def rang(self, rang: Rang, moment: Moment) -> Sequence[LegOutput]:
        """Pass progress on: 180 as 180; 183 as our ringing tone until audio comes.

        Of a trunk whose early media is ``passed`` audio is trusted to come with the 183;
        that of one where it is ``own`` says only that it rings.
        """
        leg, early = rang.leg, self._early(rang.leg)
        if rang.authorized is False:
            self._barred.add(leg)
            return self.failed(leg) if self._caller.hears else self._caller.ring()
        if rang.authorized:
            self._barred.discard(leg)
        audio = rang.audio and leg not in self._barred
        if self._caller.hears:
            heard = audio and (early == "passed" or leg in self._speaking)
            return self._pass(leg) if heard else []
        if not audio or early == "own":
            return self._caller.ring()
        opened = self.open(moment)
        if early == "passed" or leg in self._speaking:
            return [*opened, *self._pass(leg)]
        return [*opened, *self._caller.hear(hearing.ringback())]

    def spoke(self, leg: LegId) -> Sequence[LegOutput]:
        """Let the caller hear the first attempt from which audio really comes."""
        self._speaking.add(leg)
        return self._pass(leg)

    def _pass(self, leg: LegId) -> Sequence[LegOutput]:
        if self._early(leg) == "own" or leg in self._barred:
            return []
        if self._covered or self._passing is not None or not self._caller.hears:
            return []
        self._passing = leg
        return self._caller.hear(HearLeg(leg))

    def failed(self, leg: LegId) -> Sequence[LegOutput]:
        """Go back to the ringing tone when the attempt that was heard is over."""
        if self._passing != leg:
            return []
        self._passing = None
        return self._caller.hear(hearing.ringback())
