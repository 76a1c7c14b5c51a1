"""Groups as plans write them: a mode with its members, a roster of shifts, a queue."""

from typing import Final

from b2bua.service.form import given
from b2bua.service.plan import Group, Mode, Queue, Shift
from b2bua.service.plannames import Names
from b2bua.service.plantext import Path

MODES: Final = frozenset(mode.value for mode in Mode)
EXTRAS: Final = frozenset(("queue", "familiar"))
"""What a group may say beside its mode."""
LONGEST_FAMILIARITY: Final = 366
"""Days."""


def read_group(names: Names, name: str, value: object, path: Path) -> Group:
    """One group, wherever it is written."""
    form = names.form
    body = form.mapping(value, path, MODES | EXTRAS)
    familiar = body.get("familiar")
    queue = _queue(names, body["queue"], (*path, "queue")) if "queue" in body else None
    modes = [word for word in body if word in MODES]
    if len(modes) != 1:
        form.complain(path, "give one mode: " + ", ".join(sorted(MODES)))
        return Group(name=name, mode=Mode.ORDER, members=())
    mode, at = Mode(modes[0]), (*path, modes[0])
    members, shifts = _members(names, mode, body[modes[0]], at)
    if not members:
        form.complain(at, "name at least one destination")
    if mode is Mode.ALL and familiar is not None:
        form.complain((*path, "familiar"), "when all ring at once nobody is first")
    return Group(
        name=name,
        mode=mode,
        members=members,
        queue=queue,
        shifts=shifts,
        familiar=None
        if familiar is None
        else form.whole(familiar, (*path, "familiar"), 1, LONGEST_FAMILIARITY),
    )


def _members(
    names: Names, mode: Mode, value: object, path: Path
) -> tuple[tuple[tuple[str, int], ...], tuple[Shift, ...]]:
    if mode is Mode.ROSTER:
        shifts = _shifts(names, value, path)
        on_any = dict.fromkeys(one for shift in shifts for one in shift.on)
        return tuple((one, 0) for one in on_any), shifts
    if mode is Mode.PERCENT:
        return _shares(names, value, path), ()
    members = tuple(
        (names.destination(item, at), 0) for item, at in names.form.items(value, path)
    )
    if len(dict(members)) < len(members):
        names.form.complain(path, "a destination is named twice")
    return members, ()


def _shares(names: Names, value: object, path: Path) -> tuple[tuple[str, int], ...]:
    members: list[tuple[str, int]] = []
    for member, share in names.form.mapping(value, path).items():
        at = (*path, member)
        weight = names.form.whole(share, at, 0, 100)
        members.append((names.destination(member, at), weight))
    total = sum(weight for _, weight in members)
    if total != 100:
        names.form.complain(path, f"the shares sum to {total}, make them sum to 100")
    return tuple(members)


def _shifts(names: Names, value: object, path: Path) -> tuple[Shift, ...]:
    form = names.form
    shifts: list[Shift] = []
    for item, at in form.items(value, path):
        body = form.mapping(item, at, ("name", "when", "on"))
        name = form.text(body.get("name"), (*at, "name"))
        if any(shift.name == name for shift in shifts):
            form.complain((*at, "name"), f"{name!r} is there already")
        on = tuple(
            names.destination(one, where)
            for one, where in form.items(body.get("on"), (*at, "on"))
        )
        if not on:
            form.complain((*at, "on"), "name at least one destination")
        if len(set(on)) < len(on):
            form.complain((*at, "on"), "a destination is named twice")
        when = names.times.times(body.get("when"), (*at, "when"))
        shifts.append(Shift(name=name, when=when, on=on))
    return tuple(shifts)


def _queue(names: Names, value: object, path: Path) -> Queue:
    form = names.form
    body = form.mapping(value, path, ("music", "max_wait", "announce", "position"))
    own = Queue()
    wait, announce = (*path, "max_wait"), (*path, "announce")
    return Queue(
        music=names.optional_prompt(body, "music", path, own.music),
        max_wait=form.whole(body.get("max_wait", own.max_wait), wait, 5, 600),
        announce=form.whole(body.get("announce", own.announce), announce, 10, 600),
        position=form.flag(body["position"], (*path, "position"))
        if given(body, "position")
        else own.position,
    )
