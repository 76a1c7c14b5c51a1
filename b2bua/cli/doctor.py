"""``b2bua doctor``: what is wrong with this installation."""

from pathlib import Path

from b2bua.app.diagnosis import Level, examine
from b2bua.cli.common import run, say, settings_of

MARKS = {Level.WELL: "ok  ", Level.NOTICE: "note", Level.WRONG: "BAD "}


def doctor(config: Path) -> int:
    """Look at everything; status 1 if anything is wrong."""
    settings = settings_of(config)
    say(f"ok   settings: {config}")
    findings = run(examine(settings))
    for finding in findings:
        say(f"{MARKS[finding.level]} {finding.what}: {finding.message}")
    wrong = sum(finding.level is Level.WRONG for finding in findings)
    say("everything is well" if not wrong else f"{wrong} to be put right")
    return 1 if wrong else 0
