"""Call control's words to the real process, and what it says when that is killed."""

import signal
from pathlib import Path

from b2bua.call.media import (
    AudioBegan,
    CallId,
    CloseMedia,
    ClosePort,
    ConnectPort,
    FarEnd,
    HearLeg,
    HearPrompts,
    KeyPressed,
    LegId,
    LetHear,
    MediaLost,
    OpenPort,
    PortClosed,
    PortOpened,
    PromptsEnded,
)
from b2bua.mediactl.pool import MediaPool
from media.audio.wav import file_of
from tests.media.worker.running import EVENTS, PCMA, strength, tone, worker
from tests.media.worker.running import FarEnd as Telephone
from tests.mediactl.standing_in import Ear

CALL = CallId("call")
CALLER = LegId("caller")
CALLED = LegId("called")


async def join(pool: MediaPool, ear: Ear, phones: dict[LegId, Telephone]) -> None:
    """Open, connect and join both legs."""
    for leg, phone in phones.items():
        pool.send(OpenPort(call=CALL, leg=leg, lifetime=60.0))
        opened = await ear.hear(PortOpened)
        phone.to = (opened.address, opened.rtp_port)
        far_end = FarEnd(
            address=phone.address[0],
            rtp_port=phone.address[1],
            rtcp_port=phone.address[1],
            codec="PCMA",
            payload_type=PCMA,
            accepts=((PCMA, "PCMA"),),
            events_payload_type=EVENTS,
        )
        pool.send(ConnectPort(call=CALL, leg=leg, far_end=far_end))
    pool.send(LetHear(call=CALL, leg=CALLER, hearing=HearLeg(CALLED)))
    pool.send(LetHear(call=CALL, leg=CALLED, hearing=HearLeg(CALLER)))


async def test_a_call_through_a_restart_of_control_and_the_death_of_media(
    tmp_path: Path,
) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "busy.wav").write_bytes(file_of(tone(tmp_path, 500, 0.2)))
    path = tmp_path / "media.sock"
    phones = {CALLER: await Telephone.at(), CALLED: await Telephone.at()}
    async with worker(path, "--ports=23600-23699", f"--prompts={tmp_path}") as process:
        ear = Ear()
        before = MediaPool([path], ear.tell, ear.notes.append, owner="us")
        await before.start()
        await join(before, ear, phones)
        await phones[CALLER].speak(tone(tmp_path, 700, 0.4))
        await ear.hear(AudioBegan)
        audio = await phones[CALLED].listen(lambda heard: len(heard) >= 2400)
        assert strength(tmp_path, audio[-1600:], 700) > 0.9
        await before.stop()

        ear = Ear()
        neighbour = MediaPool([path], ear.tell, ear.notes.append, owner="neighbour")
        await neighbour.start()
        await neighbour.stop()

        after = MediaPool([path], ear.tell, ear.notes.append, owner="us")
        assert await after.start([CALL, CallId("dead")]) == {CALL}
        phones[CALLER].press(9)
        assert (await ear.hear(KeyPressed)).digit == "9"
        prompt = HearPrompts(prompts=("zh/busy",), token="busy")
        after.send(LetHear(call=CALL, leg=CALLER, hearing=prompt))
        assert (await ear.hear(PromptsEnded)).completed
        after.send(ClosePort(call=CALL, leg=CALLED))
        quality = (await ear.hear(PortClosed)).quality
        assert quality.packets_sent >= 20

        process.process.send_signal(signal.SIGKILL)
        assert await ear.hear(MediaLost) == MediaLost(CALL)
        after.send(CloseMedia(CALL))
        await after.stop()
    for phone in phones.values():
        phone.close()
    assert ear.facts == []
