"""Take the steps of the Dockerfile in a chroot, where there is no container engine.

    debootstrap --variant=minbase bookworm /tmp/base
    python3 .ci/image.py build /tmp/base /tmp/image
    python3 .ci/image.py run /tmp/image            # as the image would
    python3 .ci/image.py run /tmp/image doctor

Needs root. What is built is the commit that is checked out; every stage starts from the
same base. ``--bind PATH`` shows a path of this machine inside, read-only, for the steps run
there are root's and would write to it; ``--env NAME`` passes a variable on. Both are for
packages that come from a mirror.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(kw_only=True)
class Stage:
    """A tree being built, and what its image would remember."""

    tree: str
    workdir: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Machine:
    """What a stage may see of the machine it is built on."""

    binds: list[str]
    names: list[str]

    def run(self, stage: Stage, words: list[str]) -> int:
        """Run a program inside, alone with its own processes; its exit status."""
        root = Path(stage.tree)
        hosts = root / "etc/hosts"
        if not hosts.exists():  # as a container engine does
            hosts.write_text("127.0.0.1 localhost\n", encoding="ascii")
        mounts = ["mount -t proc proc {0}/proc", *read_only("/dev", root / "dev")]
        mounts.append("mount -t tmpfs tmpfs {0}/dev/shm")
        for bind in self.binds:
            inside = root / bind.lstrip("/")
            if Path(bind).is_dir():
                inside.mkdir(parents=True, exist_ok=True)
            else:
                inside.parent.mkdir(parents=True, exist_ok=True)
                inside.touch()
            mounts += read_only(bind, inside)
        passed = {name: os.environ[name] for name in self.names if name in os.environ}
        given = [f"{name}={value}" for name, value in (passed | stage.environment).items()]
        chroot = ["chroot", f"--userspec={stage.user}:{stage.user}", stage.tree]
        inner = f'cd "{stage.workdir}" && exec "$@"'
        chroot += ["env", "-i", *given, "sh", "-c", inner, "sh", *words]
        script = " && ".join(mounts).format(shlex.quote(stage.tree))
        script += f" && exec {shlex.join(chroot)}"
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            script,
        ]
        return subprocess.run(command, check=False).returncode


def read_only(path: str, inside: Path) -> list[str]:
    """The commands that show ``path`` inside and keep it from being changed there."""
    target = shlex.quote(str(inside))
    return [
        f"mount --bind {shlex.quote(path)} {target}",
        f"mount -o remount,bind,ro {target}",
    ]


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction and the rest of its line, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def build(base: Path, out: Path, machine: Machine) -> None:
    """Take every step of the Dockerfile; the last stage is the image, in ``out``."""
    out.mkdir(parents=True)
    stages: dict[str, Stage] = {}
    stage = Stage(tree="")
    with tempfile.TemporaryDirectory() as context:
        archive = subprocess.run(
            ["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", context], input=archive, check=True)
        dockerfile = (Path(context) / "Dockerfile").read_text(encoding="utf-8")
        for name, rest in instructions(dockerfile):
            print(f"{name} {rest}", flush=True)
            if name == "FROM":
                stage = Stage(tree=str(out / f"stage-{len(stages)}"))
                label = re.search(r" AS (\S+)$", rest)
                stages[label[1] if label else ""] = stage
                subprocess.run(["cp", "-a", base, stage.tree], check=True)
            else:
                step(stage, name, rest, sources=(Path(context), stages), machine=machine)
    (out / "image.json").write_text(json.dumps(asdict(stage), indent=2), encoding="utf-8")


def step(
    stage: Stage,
    name: str,
    rest: str,
    *,
    sources: tuple[Path, dict[str, Stage]],
    machine: Machine,
) -> None:
    """Take one step. Raises SystemExit if it fails or is unknown."""
    inside = Path(stage.tree)
    match name:
        case "RUN":
            status = machine.run(stage, ["sh", "-c", rest])
            if status != 0:
                raise SystemExit(f"exit status {status}: {rest}")
        case "COPY":
            copy(stage, rest.split(), *sources)
        case "WORKDIR":
            stage.workdir = rest
            (inside / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "ENV":
            variable, _, value = rest.partition("=")
            stage.environment[variable] = value
        case "USER":
            stage.user = rest
        case "ENTRYPOINT":
            stage.entrypoint = json.loads(rest)
        case "CMD":
            stage.command = json.loads(rest)
        case "HEALTHCHECK":
            stage.healthcheck = shlex.split(rest.partition("CMD ")[2])
        case "VOLUME" | "EXPOSE" | "STOPSIGNAL":
            pass
        case _:
            raise SystemExit(f"{name} is not known here")


def copy(stage: Stage, words: list[str], context: Path, stages: dict[str, Stage]) -> None:
    """COPY: folders by what is in them, as the Dockerfile's own COPY does."""
    base = context
    if words[0].startswith("--from="):
        base = Path(stages[words.pop(0).removeprefix("--from=")].tree)
    *sources, target = words
    place = Path("/", stage.workdir, target)
    inside = Path(stage.tree) / place.relative_to("/")
    if target.endswith("/") or base != context:
        inside.mkdir(parents=True, exist_ok=True)
    for source in sources:
        path = base / source.lstrip("/")
        subprocess.run(
            ["cp", "-a", f"{path}/." if path.is_dir() else path, inside], check=True
        )


def run(out: Path, words: list[str], machine: Machine) -> int:
    """Run a command as a container of the image would, or its health check."""
    stage = Stage(**json.loads((out / "image.json").read_text(encoding="utf-8")))
    if words == ["healthcheck"]:
        return machine.run(stage, stage.healthcheck)
    return machine.run(stage, stage.entrypoint + (words or stage.command))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bind", action="append", default=[], metavar="PATH")
    parser.add_argument("--env", action="append", default=[], metavar="NAME")
    commands = parser.add_subparsers(dest="verb", required=True)
    building = commands.add_parser("build")
    building.add_argument("base", type=Path)
    building.add_argument("out", type=Path)
    running = commands.add_parser("run")
    running.add_argument("out", type=Path)
    running.add_argument("words", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    machine = Machine(options.bind, options.env)
    if options.verb == "run":
        return run(options.out, options.words, machine)
    build(options.base, options.out, machine)
    return 0


if __name__ == "__main__":
    sys.exit(main())
