"""Samples the control process: Python imports this first where it is on the path.

Every millisecond of CPU time the stack is noted; at the end, how often each function was
on top of it (its own cost) and how often anywhere in it. The product knows nothing of it.
"""

import atexit
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.001


def _place(frame: FrameType) -> str:
    code = frame.f_code
    path = code.co_filename
    if path == "<string>" and code.co_name == "__init__":
        return f"construction of {type(frame.f_locals['self']).__qualname__}"
    for root in ("/b2bua/", "/media/", "/site-packages/", "/lib/"):
        if root in path:
            path = root.strip("/").replace("site-packages", "") + "/" + path.split(root)[-1]
            break
    return f"{path.strip('/')}:{code.co_qualname}"


class Samples:
    """Counts of places on top of the stack, in it, and of lines on top."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        self.begun = False

    def switch(self, signum: int, frame: FrameType | None) -> None:
        """Begin, or begin anew: what came before was warming up."""
        self.own.clear()
        self.whole.clear()
        self.lines.clear()
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def take(self, signum: int, frame: FrameType | None) -> None:
        """Note the stack."""
        if frame is None:
            return
        top = _place(frame)
        self.own[top] += 1
        self.lines[f"{top}:{frame.f_lineno}"] += 1
        seen = set()
        here: FrameType | None = frame
        while here is not None:
            seen.add(_place(here))
            here = here.f_back
        self.whole.update(seen)

    def write(self, path: Path) -> None:
        """Keep what was counted."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        counts = {"own": self.own, "whole": self.whole, "lines": self.lines}
        path.write_text(json.dumps({name: dict(one) for name, one in counts.items()}))


if "b2bua.app.run" in sys.orig_argv and "BENCH_SAMPLES" in os.environ:
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.take)
    signal.signal(signal.SIGUSR2, samples.switch)
    atexit.register(samples.write, Path(os.environ["BENCH_SAMPLES"]))
