"""Where control's time goes under load.

python -m tests.bench.hotspots [RATE [CALLS]]
"""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.measured import cpu
from tests.bench.node import node
from tests.bench.signalling import NODE, place_calls
from tests.bench.sipp import Load, destination

SAMPLING: Final = Path(__file__).with_name("sampling")
ROWS: Final = 40


def main(rate: float, calls: int) -> None:
    """Load a node and print what was sampled."""
    with tempfile.TemporaryDirectory(prefix="b2bua-bench-") as directory:
        path = Path(directory) / "samples.json"
        environment = {"PYTHONPATH": str(SAMPLING), "BENCH_SAMPLES": str(path)}
        with (
            node(NODE, environment=environment) as measured,
            destination(NODE.destination),
        ):
            place_calls(NODE, Load(rate=rate, calls=calls // 5))
            os.kill(measured.control, signal.SIGUSR2)
            before = cpu(measured.control)
            print(place_calls(NODE, Load(rate=rate, calls=calls)))
            spent = (cpu(measured.control) - before) / calls
        counts: dict[str, dict[str, int]] = json.loads(path.read_text())
    print(f"{1e6 * spent:.0f} µs a call, sampling included")
    total = sum(counts["own"].values())
    for name, table in counts.items():
        print(f"\n{name}: µs a call")
        for place, count in sorted(table.items(), key=lambda row: -row[1])[:ROWS]:
            print(
                f"{1e6 * spent * count / total:8.1f}  {100 * count / total:5.1f} %  {place}"
            )


if __name__ == "__main__":
    chosen = [float(word) for word in sys.argv[1:]]
    main((chosen[:1] or [100.0])[0], int((chosen[1:] or [1500])[0]))
