"""Debian's baresip without a screen: it answers by itself, over TLS and with SRTP."""

import subprocess
import wave
from pathlib import Path
from typing import Final

from tests.support.node import until
from tests.support.tones import RATE, sine

_CONFIG: Final = """\
sip_listen {host}:{port}
sip_certificate {certificate}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
module_app account.so
audio_source aufile,{spoken}
audio_player aubridge,nobody
snd_path {directory}
ausrc_srate 8000
auplay_srate 8000
net_interface {host}
rtp_ports {first}-{last}
"""
_ACCOUNT: Final = (
    "<sip:{user}@{host};transport=tls>;regint=0;answermode=auto;"
    "mediaenc={sealing};audio_codecs=pcma\n"
)


class Baresip:
    """One that listens for TLS at the port above ``port`` and says a tone."""

    def __init__(
        self, directory: Path, user: str, *, host: str, port: int, hertz: float, pem: Path
    ) -> None:
        """``pem``: its certificate and key in one file."""
        self._directory = directory
        self._log = directory / "baresip.log"
        values: dict[str, object] = {
            "host": host,
            "port": port,
            "first": port + 17000,
            "last": port + 17100,
        }
        spoken = directory / "spoken.wav"
        with wave.open(str(spoken), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sine(hertz, 60.0))
        values |= {"certificate": pem, "spoken": spoken, "directory": directory}
        config = _CONFIG.format(**values)
        (directory / "config").write_text(config)
        account = _ACCOUNT.format(user=user, host=host, sealing="srtp-mand")
        (directory / "accounts").write_text(account)
        (directory / "contacts").write_text("")
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                ["/usr/bin/baresip", "-f", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            until(lambda: b"baresip is ready" in self._log.read_bytes(), why=self.story())
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def heard(self) -> Path:
        """What it heard in its one call."""
        (found,) = self._directory.glob("dump-*-dec.wav")
        return found

    def story(self) -> str:
        """What it printed."""
        return self._log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Leave; what it heard is whole afterwards."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
