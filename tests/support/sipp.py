"""SIPp as a peer: scenarios made of parts, played once each.

A scenario is a file of SIPp's XML in which ``{{part}}`` stands for the file ``part`` of
the directory ``parts``, and ``{{name}}`` for a value given with the scenario.
"""

import re
import subprocess
from itertools import count
from pathlib import Path
from typing import Final

_HOLE: Final = re.compile(r"\{\{([\w-]+)((?: \w+=\S*)*)\}\}")
_DEPTH: Final = 4
_DEFAULTS: Final[dict[str, object]] = {
    "caller": "",
    "cseq": 1,
    "version": 1,
    "direction": "sendrecv",
    "payloads": "8 101",
    "port": "[media_port]",
    "totag": "",
    "tag": "",
    "extra": "",
    "reason": ".",
    "ringing": 180,
    "rings": 200,
    "talk": 300,
    "status": 200,
}


class Sipp:
    """One SIPp."""

    def __init__(self, name: str, log: Path, command: list[str]) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
            )

    def ended(self, seconds: float = 30.0) -> None:
        """It has played its part to the end, as written."""
        status = self.process.wait(seconds)
        assert status == 0, f"{self.name}: status {status}\n{self.story()}"

    def story(self) -> str:
        """What went over the wire, and what SIPp thought of it."""
        files = sorted(self._log.parent.glob("*.log"))
        return "\n".join(
            f"{f.name}:\n{f.read_text(errors='replace')[-6000:]}" for f in files
        )

    def messages(self) -> str:
        """What went over the wire, in SIPp's own layout."""
        found = self._log.parent / "messages.log"
        return found.read_text(errors="replace") if found.exists() else ""

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Stage:
    """Where scenarios are, and the SIPps that play them."""

    def __init__(self, scenarios: Path, directory: Path) -> None:
        self._scenarios = scenarios
        self._directory = directory
        self._count = count(1)
        self._playing: list[Sipp] = []

    def caller(
        self,
        name: str,
        node: str,
        address: str,
        number: str,
        caller: str,
        *more: str,
        **values: object,
    ) -> Sipp:
        """Play ``uac-name.xml`` from ``address`` towards the node."""
        values = {"caller": caller, **values}
        target = [f"{node}:5060", "-s", number]
        return self._play(f"uac-{name}", address, values, *target, *more)

    def destination(self, name: str, address: str, **values: object) -> Sipp:
        """Play ``uas-name.xml`` at ``address``."""
        return self._play(f"uas-{name}", address, values)

    def stop(self) -> None:
        """End them all."""
        for one in self._playing:
            one.kill()

    def _play(
        self, name: str, address: str, values: dict[str, object], *arguments: str
    ) -> Sipp:
        directory = self._directory / f"{next(self._count):02}-{name}"
        directory.mkdir()
        scenario = directory / "scenario.xml"
        scenario.write_text(self._filled(f"{{{{{name}}}}}", _DEFAULTS | values))
        command = ["sipp", *arguments, "-sf", str(scenario), "-m", "1", "-nostdin"]
        command += ["-i", address, "-p", "5060", "-mi", address]
        command += ["-timeout", str(values.get("timeout", 30)), "-timeout_error"]
        command += ["-trace_msg", "-message_file", "messages.log"]
        command += ["-trace_err", "-error_file", "errors.log"]
        sipp = Sipp(name, directory / "screen.log", command)
        self._playing.append(sipp)
        return sipp

    def _filled(self, text: str, values: dict[str, object], depth: int = _DEPTH) -> str:
        def fill(hole: re.Match[str]) -> str:
            name, given = hole.groups()
            inner = values | dict(pair.split("=", 1) for pair in given.split())
            if name in inner:
                return str(inner[name])
            return self._filled(self._part(name), inner, depth - 1)

        assert depth, f"parts hold each other: {text[:60]}"
        return _HOLE.sub(fill, text)

    def _part(self, name: str) -> str:
        for place in (self._scenarios, self._scenarios / "parts"):
            path = place / f"{name}.xml"
            if path.exists():
                return path.read_text().strip()
        raise AssertionError(f"no part {name}")
