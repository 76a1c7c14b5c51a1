"""``b2bua serve``."""

from contextlib import suppress
from pathlib import Path

from b2bua.app.demo import OPERATOR, offered, password_of
from b2bua.app.places import Places
from b2bua.app.supervisor import Supervisor
from b2bua.cli.common import run, say, settings_of
from b2bua.config.checks import split_listener
from b2bua.config.settings import Settings
from b2bua.observe.logs import configure


def serve(config: Path, seed: Path | None) -> int:
    """Run a node until it is told to stop."""
    settings = settings_of(config)
    configure(settings.log.level, whole_numbers=settings.log.callers == "full")

    supervisor = Supervisor(settings, config.absolute(), seed)

    def serving() -> None:
        with suppress(OSError):  # nobody reads: no reason to end calls
            say(welcome(settings, config, seeded=seed is not None))

    return run(supervisor.run(serving))


def welcome(settings: Settings, config: Path, *, seeded: bool) -> str:
    """How to try what is now being served."""
    program = ".venv/bin/b2bua" if Path(".venv/bin/b2bua").exists() else "b2bua"
    host, port = split_listener(settings.sip.listen[0])[1]
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    where = f"[{host}]" if ":" in host else host
    where = where if port == 5060 else f"{where}:{port}"
    hops = [hop.removeprefix("sip:") for trunk in settings.trunk for hop in trunk.hops]
    lines = [
        "",
        f"b2bua serves calls: {' '.join(settings.sip.listen)}",
        *(f"  a destination   {program} answer --listen {hop}" for hop in hops[:2]),
        f"  a caller        {program} dial sip:4006001234@{where} --keys 1",
        "  by ear          any softphone: dial 4006001234 at " + where,
        f"  what happened   {program} calls --config {config}",
    ]
    if settings.web.listen:
        lines.append(f"  the portal      http://{settings.web.listen}/")
        password = password_of(Places(Path(settings.data_dir))) if seeded else ""
        if password and offered(settings):
            lines.append(f"  sign in with    4006001234 and {password}")
            lines.append(f"  run them all    /operator, {OPERATOR} and the same password")
    if settings.metrics.listen:
        address = settings.metrics.listen
        lines.append(f"  how it is       http://{address}/readyz and /metrics")
    return "\n".join((*lines, "  Ctrl-C drains, a second one stops.", ""))
