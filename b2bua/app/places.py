"""Where a node keeps its files, and where what came with the program is."""

import hashlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from b2bua.core.errors import B2buaError

LONGEST_SOCKET_PATH: Final = 107
"""Bytes; what fits into ``sun_path``."""


class MissingFile(B2buaError):
    """Something that should have come with the program is not here."""


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one node, all below ``data_dir``."""

    data_dir: Path

    @property
    def journal(self) -> Path:
        """Of the control process."""
        return self.data_dir / "journal.sqlite"

    @property
    def snapshot(self) -> Path:
        """The last plans read, for a start without PostgreSQL."""
        return self.data_dir / "snapshot.json"

    @property
    def prompts(self) -> Path:
        """Prompts of plans; below it a directory ``plan``."""
        return self.data_dir / "prompts"

    @property
    def recordings(self) -> Path:
        """Talks and messages, each in a file named after its call."""
        return self.data_dir.absolute() / "recordings"

    @property
    def tls(self) -> Path:
        """The certificate that we made ourselves, and its key."""
        return self.data_dir / "tls"

    @property
    def logs(self) -> Path:
        """Of processes that outlive the one that started them."""
        return self.data_dir / "log"

    @property
    def serve_lock(self) -> Path:
        """Held by ``b2bua serve``."""
        return self.data_dir / "serve.lock"

    @property
    def control_lock(self) -> Path:
        """Held by the control process; its number is in it."""
        return self.data_dir / "control.lock"

    @property
    def web_lock(self) -> Path:
        """Held by the portal's process; its number is in it."""
        return self.data_dir / "web.lock"

    @property
    def demo_password(self) -> Path:
        """Of the accounts that came with the demo numbers."""
        return self.data_dir / "demo-password"

    def media_socket(self, index: int) -> Path:
        """The control socket of a media process, at a path short enough for one."""
        path = self.data_dir.absolute() / f"media-{index}.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        # The same for every process of this node and no other.
        name = hashlib.sha256(os.fsencode(self.data_dir.absolute())).hexdigest()[:16]
        directory = Path(f"/tmp/b2bua-{os.geteuid()}-{name}")
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.stat().st_uid != os.geteuid():
            raise MissingFile(f"{directory} belongs to somebody else")
        return directory / path.name

    def make(self) -> None:
        """Make the directories."""
        for directory in (self.data_dir, self.prompts, self.logs):
            directory.mkdir(parents=True, exist_ok=True)
        self.recordings.mkdir(mode=0o700, exist_ok=True)


def catalogue(setting: str) -> Path:
    """The directory of the built-in prompts. Raises :class:`MissingFile`."""
    candidates = (
        [Path(setting)]
        if setting
        else [
            Path(__file__).resolve().parents[2] / "prompts",
            Path(sys.prefix) / "share" / "b2bua" / "prompts",
        ]
    )
    for directory in candidates:
        if (directory / "zh").is_dir():
            return directory
    places = " nor ".join(map(str, candidates))
    raise MissingFile(f"no prompt catalogue in {places}: set media.prompts")


def prompt_names(directory: Path) -> frozenset[str]:
    """Names that plans may use: those of every language."""
    languages = [path for path in directory.iterdir() if (path / "menu.wav").exists()]
    named = [
        {
            str(path.relative_to(language).with_suffix(""))
            for path in language.rglob("*.wav")
        }
        for language in languages
    ]
    return frozenset(set.intersection(*named)) if named else frozenset()


def area_file(setting: str) -> Path:
    """The area table: the setting's, else the phone package's. Raises MissingFile."""
    if setting:
        path = Path(setting)
    else:
        # Not imported: the package reads its whole file when it is.
        found = importlib.util.find_spec("phone")
        if found is None or found.origin is None:
            raise MissingFile("no area table: install 'phone' or set service.area_file")
        path = Path(found.origin).with_name("phone.dat")
    if not path.is_file():
        raise MissingFile(f"no area table at {path}: set service.area_file")
    return path
