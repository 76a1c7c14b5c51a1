"""One established call as a value: what the journal holds, and what a restart begins with.

Only a call in which both sides talk can be brought back; of any other the dossier is kept,
so that its record can be written and its answered leg be released.
"""

from dataclasses import dataclass, replace

from b2bua.call.audio import AudioImage
from b2bua.call.call import Call
from b2bua.call.caller import CallerLeg
from b2bua.call.destination import DestinationLeg, Target
from b2bua.call.media import CallId
from b2bua.core.tokens import Tokens
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.ending import by_failure
from b2bua.service.flow.flow import CallFlow
from b2bua.service.flow.phase import Phase
from b2bua.service.plan import Plan
from b2bua.service.record import Attempt, CallRecord
from b2bua.sip.dialog.events import SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkImage:
    """Both legs of a call in which both sides talk."""

    caller: SessionId
    caller_audio: AudioImage
    destination: SessionId
    destination_audio: AudioImage
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowImage:
    """One call in the journal."""

    dossier: Dossier
    phase: str
    talk: TalkImage | None
    admitted: bool = True
    """It counts towards the caps."""


def image_of(flow: CallFlow) -> FlowImage:
    """Take the image of a call as it is now."""
    return FlowImage(
        dossier=_dossier(flow),
        phase=flow.phase.value,
        talk=_talk_image(flow.call) if flow.answered else None,
        admitted=flow.admitted,
    )


def restored(
    image: FlowImage,
    plan: Plan | None,
    around: Surroundings,
    tokens: Tokens,
    moment: Moment,
) -> CallFlow | None:
    """Bring an established call back, or None if both sides were not talking.

    ``plan`` is what its number has now: it decides nothing more, only counts.
    """
    talk = image.talk
    if talk is None:
        return None
    dossier = image.dossier.shifted(moment.now, moment.at)
    dossier.admitted = image.admitted
    call_id = CallId(dossier.id)
    caller = CallerLeg.restored(call_id, talk.caller, talk.caller_audio)
    call = Call(call_id, caller, tokens)
    call.restore(
        DestinationLeg.restored(
            call_id, talk.destination, talk.target, talk.destination_audio
        )
    )
    arrival = Arrival(
        number=dossier.number,
        plan=plan,
        caller=dossier.caller,
        private=dossier.private,
        display="",
        trunk=dossier.trunk,
        max_forwards=0,
    )
    flow = CallFlow(call, dossier, arrival, around)
    if image.phase == Phase.NOTICE.value:
        flow.phase = Phase.NOTICE
    return flow


def broken_off(dossier: Dossier, phase: str, moment: Moment, fault: str = "") -> CallRecord:
    """Write the record of a call that cannot be brought back: it ended with its process."""
    dossier = dossier.shifted(moment.now, moment.at)
    talked = dossier.destination_answered is not None
    reason = f"process ended while {phase}"
    return dossier.record(by_failure(reason, moment, talked=talked, fault=fault))


def _dossier(flow: CallFlow) -> Dossier:
    """With the attempts under way, as they count if the process dies now."""
    ringing = flow.call.hunt.ringing
    if not ringing:
        return flow.dossier
    cut_off = [
        Attempt(
            destination=leg.target.name,
            number=leg.target.user,
            trunk=leg.target.trunk,
            outcome="cancelled",
        )
        for leg in ringing
    ]
    return replace(flow.dossier, attempts=[*flow.dossier.attempts, *cut_off])


def _talk_image(call: Call) -> TalkImage | None:
    destination = call.destination
    caller_audio = call.caller.audio.image
    if destination is None or caller_audio is None:
        return None
    destination_audio = destination.audio.image
    if destination_audio is None:
        return None
    return TalkImage(
        caller=SessionId(call.caller.leg),
        caller_audio=caller_audio,
        destination=SessionId(destination.leg),
        destination_audio=destination_audio,
        target=destination.target,
    )
