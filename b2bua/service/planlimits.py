"""Screening and limits as plans write them."""

from collections.abc import Mapping

from b2bua.service.form import Form, given
from b2bua.service.plan import Anonymous, Caps, Counted, Frequency, Screening
from b2bua.service.plantext import Path
from b2bua.service.tariff import yuan


def read_screening(form: Form, value: object) -> Screening:
    """Who may call."""
    path: Path = ("screening",)
    keys = ("blacklist", "whitelist", "areas", "anonymous", "frequency")
    body = form.mapping(value, path, keys)
    areas = form.mapping(body.get("areas"), (*path, "areas"), ("allow", "deny"))
    allow, deny = (
        tuple(
            form.place(item, at)
            for item, at in form.items(areas.get(key), (*path, "areas", key))
        )
        for key in ("allow", "deny")
    )
    if given(areas, "allow") and deny:
        form.complain((*path, "areas"), "give either allow or deny, not both")
    if given(areas, "allow") and not allow:
        form.complain((*path, "areas", "allow"), "is empty: it would refuse everyone")
    anonymous = body.get("anonymous", Anonymous.ACCEPT.value)
    frequency = body.get("frequency")
    return Screening(
        blacklist=_patterns(form, body, "blacklist"),
        whitelist=_patterns(form, body, "whitelist"),
        allow_areas=allow if given(areas, "allow") else None,
        deny_areas=deny,
        anonymous=form.choice(anonymous, (*path, "anonymous"), Anonymous),
        frequency=None if frequency is None else _frequency(form, frequency),
    )


def _patterns(form: Form, body: Mapping[str, object], key: str) -> tuple[str, ...]:
    items = form.items(body.get(key), ("screening", key))
    return tuple(form.pattern(item, at) for item, at in items)


def _frequency(form: Form, value: object) -> Frequency:
    path: Path = ("screening", "frequency")
    body = form.mapping(value, path, ("calls", "minutes"))
    return Frequency(
        calls=form.whole(body.get("calls"), (*path, "calls"), 1, 10_000),
        minutes=form.whole(body.get("minutes"), (*path, "minutes"), 1, 1440),
    )


def read_caps(form: Form, value: object) -> Caps:
    """What a period may hold."""
    keys = ("calls_per_month", "calls_per_week", "spend_per_month", "count")
    body = form.mapping(value, ("limits",), keys)
    month, week = (
        form.whole(body[key], ("limits", key), 0, 999_999_999) if given(body, key) else None
        for key in keys[:2]
    )
    spend = body.get("spend_per_month")
    return Caps(
        calls_per_month=month,
        calls_per_week=week,
        spend_per_month=None
        if spend is None
        else form.money(spend, ("limits", "spend_per_month")),
        count=form.choice(
            body.get("count", Counted.ADMITTED.value), ("limits", "count"), Counted
        ),
    )


def plain_caps(caps: Caps) -> dict[str, object]:
    """The reverse of :func:`read_caps`."""
    spend = caps.spend_per_month
    plain = {
        "calls_per_month": caps.calls_per_month,
        "calls_per_week": caps.calls_per_week,
        "spend_per_month": None if spend is None else yuan(spend),
        "count": None if caps.count is Counted.ADMITTED else caps.count.value,
    }
    return {key: value for key, value in plain.items() if value is not None}
