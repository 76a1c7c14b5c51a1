"""What a plan adds to a call: greetings by time, a temporary way, recording, messages.

Each is read here and written here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.service.form import Form, given
from b2bua.service.plan import Legs, Override, Recording, TimedGreeting, Voicemail
from b2bua.service.plannames import Names
from b2bua.service.plantargets import Targets
from b2bua.service.plantext import Path

YEARS: Final = range(2000, 2200)
"""Of moments that plans may name."""


def read_recording(form: Form, value: object) -> Recording | None:
    """How talks are recorded; None: they are not."""
    if value is None:
        return None
    path = ("recording",)
    body = form.mapping(value, path, ("notice", "legs"))
    return Recording(
        notice=form.flag(body.get("notice", True), (*path, "notice")),
        legs=form.choice(body.get("legs", Legs.BOTH.value), (*path, "legs"), Legs),
    )


def plain_recording(recording: Recording | None) -> dict[str, object]:
    """The reverse of :func:`read_recording`."""
    if recording is None:
        return {}
    return {"notice": recording.notice, "legs": recording.legs.value}


def read_voicemail(names: Names, value: object) -> Voicemail:
    """How messages are taken."""
    path, own = ("voicemail",), Voicemail()
    body = names.form.mapping(value, path, ("prompt", "seconds"))
    seconds = body.get("seconds", own.seconds)
    return Voicemail(
        prompt=names.optional_prompt(body, "prompt", path, own.prompt),
        seconds=names.form.whole(seconds, (*path, "seconds"), 5, 600),
    )


def plain_voicemail(rule: Voicemail) -> dict[str, object]:
    """The reverse of :func:`read_voicemail`."""
    if rule == Voicemail():
        return {}
    return {"prompt": rule.prompt, "seconds": rule.seconds}


def read_greetings(names: Names, value: object) -> tuple[TimedGreeting, ...]:
    """Greetings by the time of day, the first that fits counts."""
    greetings: list[TimedGreeting] = []
    for item, path in names.form.items(value, ("greetings",)):
        body = names.form.mapping(item, path, ("prompt", "when"))
        greetings.append(
            TimedGreeting(
                prompt=names.prompt(body.get("prompt"), (*path, "prompt")),
                when=names.times.times(body.get("when"), (*path, "when")),
            )
        )
    return tuple(greetings)


def read_override(
    names: Names, targets: Targets, value: object, zone: str
) -> Override | None:
    """A way that calls take for a while; times without an offset are of ``zone``."""
    if value is None:
        return None
    form, path = names.form, ("override",)
    body = form.mapping(value, path, ("to", "since", "until", "note"))
    since = _moment(form, body, "since", zone)
    until = _moment(form, body, "until", zone)
    if until is None:
        form.complain((*path, "until"), "say when it ends, such as 2026-11-24T08:00")
    elif since is not None and since >= until:
        form.complain((*path, "until"), "it ends before it begins")
    return Override(
        to=targets.target(body.get("to"), (*path, "to"), "override:to"),
        since=since,
        until=until or datetime.max.replace(tzinfo=UTC),
        note=form.text(body["note"], (*path, "note")) if given(body, "note") else "",
    )


def plain_override(rule: Override | None, to: object, zone: str) -> dict[str, object]:
    """The reverse of :func:`read_override`; ``to`` is its target as a plan writes it."""
    if rule is None:
        return {}
    local = ZoneInfo(zone)
    plain: dict[str, object] = {"to": to}
    if rule.since is not None:
        plain["since"] = rule.since.astimezone(local).isoformat()
    plain["until"] = rule.until.astimezone(local).isoformat()
    return {**plain, **({"note": rule.note} if rule.note else {})}


def _moment(form: Form, body: Mapping[str, object], key: str, zone: str) -> datetime | None:
    if not given(body, key):
        return None
    path: Path = ("override", key)
    text = form.text(body[key], path)
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=ZoneInfo(zone))
        found = found.astimezone(UTC)
        # At the ends of the calendar a moment has no name in every zone.
        if found.year in YEARS:
            return found
        form.complain(path, f"{text!r} is not of this time")
        return None
    except (ValueError, OverflowError):
        if text:
            form.complain(path, f"{text!r} is no time such as 2026-11-24T08:00")
        return None
