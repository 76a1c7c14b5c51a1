"""linphonec without a screen or a sound card: files are its microphone and its ear."""

import os
import subprocess
import wave
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from tests.support.node import until
from tests.support.tones import RATE, sine

_SETTINGS: Final = """\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
contact="{user}" <sip:{user}@127.0.0.1:{port}>
auto_net_state_mon=0
register_only_when_network_is_up=0
use_info=0
use_rfc2833=1
media_encryption=none
guess_hostname=1
inc_timeout=30
ipv6_migration_done=1
[rtp]
audio_rtp_port={rtp}
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
"""

_REGISTERED: Final = """\
default_proxy=0
[proxy_0]
reg_proxy=<sip:{registrar};transport=udp>
reg_identity=sip:{user}@{registrar}
reg_expires=300
reg_sendregister=1
[auth_info_0]
username={user}
passwd={password}
realm=b2bua
domain={registrar}
"""


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a phone registers, and with which password."""

    registrar: str
    password: str


class Linphone:
    """One linphonec on 127.0.0.1 that answers by itself and says a tone."""

    def __init__(
        self,
        directory: Path,
        user: str,
        port: int,
        hertz: float,
        registration: Registration | None = None,
    ) -> None:
        self.recording = directory / "heard.wav"
        self._log = directory / "linphone.log"
        home = directory / "home"
        (home / ".local/share/linphone").mkdir(parents=True)
        settings = directory / "linphonerc"
        text = _SETTINGS.format(user=user, port=port, rtp=port + 17000)
        if registration is not None:
            registered = _REGISTERED.format(user=user, **asdict(registration))
            text = text.replace("[rtp]", f"{registered}[rtp]", 1)
        settings.write_text(text)
        spoken = directory / "spoken.wav"
        with wave.open(str(spoken), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sine(hertz, 60.0))
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                ["linphonec", "-a", "-c", str(settings), "-d", "1"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                bufsize=1,
                env={**os.environ, "HOME": str(home)},
            )
        try:
            until(lambda: _bound(port), why="linphonec listens")
        except BaseException:
            self._process.kill()
            self._process.communicate()
            raise
        for command in (
            "soundcard use files",
            f"play {spoken}",
            f"record {self.recording}",
        ):
            self.say(command)

    def say(self, command: str) -> None:
        """Type a command."""
        self._typing.write(f"{command}\n")

    def hang_up(self) -> None:
        """End the call."""
        self.say("terminate")

    def story(self) -> str:
        """What it printed."""
        return self._log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Leave; the recording is whole afterwards."""
        if self._process.returncode is not None:
            return
        self.say("quit")
        self._typing.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def _typing(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin


def _bound(port: int) -> bool:
    """Whether somebody has the port, of either family."""
    tables = [Path("/proc/net/udp").read_text(), Path("/proc/net/udp6").read_text()]
    lines = [line for table in tables for line in table.splitlines()[1:]]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)
