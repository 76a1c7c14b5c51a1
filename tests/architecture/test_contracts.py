"""The layers, held by import-linter; and that no package stands outside them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, project


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--no-cache"], cwd=directory, capture_output=True, text=True, check=False
    )


def test_contracts_are_kept() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert " 0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("b2bua/core/tokens.py", "import time"),
        ("b2bua/call/hunt.py", "import b2bua.service.plan"),
        ("b2bua/service/area.py", "import b2bua.sip.message.uri"),
        ("b2bua/store/records.py", "import b2bua.config.settings"),
        ("media/session/session.py", "import b2bua.core.clock"),
        ("b2bua/net/udp.py", "import media.control.client"),
    ],
)
def test_a_broken_contract_is_seen(tmp_path: Path, module: str, line: str) -> None:
    for package in ("b2bua", "media"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.wav")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    linted = lint_imports(tmp_path)
    assert linted.returncode == 1, linted.stdout
    assert "BROKEN" in linted.stdout


def test_every_package_has_a_layer() -> None:
    contracts = project()["tool"]["importlinter"]["contracts"]
    layers = [contract for contract in contracts if contract["type"] == "layers"]
    held = {container for contract in layers for container in contract["containers"]}
    assert held == {"b2bua", "b2bua.sip", "media"}
    assert all(contract["exhaustive"] for contract in layers)
