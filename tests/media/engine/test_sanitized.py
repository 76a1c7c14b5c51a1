"""The compiled engine under AddressSanitizer and UndefinedBehaviorSanitizer.

``make sanitize`` runs all the engine's tests so; here some of them and a moment of fuzzing.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLAIN = ("-p", "no:cacheprovider", "--capture=sys")
"""So that what the sanitizers say is heard."""
SOME = (
    "tests/media/engine/test_differential.py",
    "tests/media/engine/test_reports.py",
    "tests/fuzz/test_fuzzers.py::test_nothing_is_found[engine]",
)


@pytest.mark.timeout(180)
def test_nothing_bad_is_touched(tmp_path: Path) -> None:
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("this is that run")
    run = subprocess.run(
        [ROOT / ".ci/sanitize", "-m", "pytest", "-q", *PLAIN, *SOME],
        env={**os.environ, "PYTHON": sys.executable, "PLACE": str(tmp_path / "sanitized")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    built = list((tmp_path / "sanitized/media/engine").glob("core*.so"))
    code = built[0].read_bytes()
    assert b"__asan_report_load" in code
    # Under -fwrapv, which Python's own flags may have, no signed overflow would be seen.
    assert b"__ubsan_handle_sub_overflow" in code
