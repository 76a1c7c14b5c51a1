"""Strangers' audio files to what is played, by a process of the media side.

What decodes such a file has neither our database nor our memory, and a bounded time.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONVERSION_SECONDS: Final = 60.0
CONVERSIONS: Final = 2
"""At once."""
HEADER: Final = 58
"""Bytes of a WAV file of A-law before its first sample."""
BYTES_A_SECOND: Final = 8000


@dataclass(frozen=True, slots=True)
class Unusable(Exception):
    """It cannot be made into a prompt; the message says why."""

    why: str


async def convert(source: Path, target: Path) -> str:
    """Convert one file; what is wrong with it, or nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "media.audio.files", str(source), str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CONVERSION_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return f"{source}: converting took longer than {CONVERSION_SECONDS:.0f} seconds"
    if process.returncode == 0:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{source}: cannot be converted"


class Converter:
    """Converts what is uploaded, a few at once."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(CONVERSIONS)

    async def __call__(self, content: bytes) -> tuple[bytes, float]:
        """What is played, and its seconds. Raises Unusable."""
        with tempfile.TemporaryDirectory(prefix="b2bua-upload-") as directory:
            source, target = Path(directory) / "upload", Path(directory) / "prompt.wav"
            await asyncio.to_thread(source.write_bytes, content)
            async with self._room:
                fault = await convert(source, target)
            if fault:
                raise Unusable(fault.replace(f"{source}: ", "").replace(str(source), ""))
            made = await asyncio.to_thread(target.read_bytes)
        return made, max(len(made) - HEADER, 1) / BYTES_A_SECOND
