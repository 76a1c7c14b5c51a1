"""Voice navigation: menus as a tree, to be changed in the draft."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.plan import Menu, Plan, ToMenu
from b2bua.web import planning, workbench
from b2bua.web.forms import Fields, Plain, below, fields_of, put, target_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import Refused, notice, to
from b2bua.web.portal import Visit
from b2bua.web.views import page
from b2bua.web.workbench import Bench

router = APIRouter()

SPARE_KEYS: Final = 2
DEEPEST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of the tree."""

    depth: int
    key: str
    """What leads here; empty at the top."""
    menu: Menu | None
    """None: it leads out of the menus."""
    target: object
    again: bool = False
    """The menu is shown further up already."""


@router.get("/menus")
async def menus(request: Request, visit: SignedIn) -> Response:
    """All menus as a tree."""
    return await _menus(request, visit, await workbench.bench(visit))


@router.post("/menus")
async def remove_menu(request: Request, visit: SignedIn) -> Response:
    """Take a menu away."""
    found = await workbench.bench(visit)
    fields = await fields_of(request)
    value = found.value()
    menus = below(value, "menus")
    if menus.pop(fields.text("remove"), None) is None:
        raise HTTPException(404, "there is no such menu")
    put(value, "menus", menus)
    if findings := await workbench.keep(visit, found, value):
        return await _menus(request, visit, found, Refused(findings=findings))
    return to("/menus", "drafted")


@router.get("/menus/{name}")
async def menu(request: Request, visit: SignedIn, name: str) -> Response:
    """One menu, to be changed; ``new`` is one more."""
    return await _menu(request, visit, await workbench.bench(visit), name)


@router.post("/menus/{name}")
async def change_menu(request: Request, visit: SignedIn, name: str) -> Response:
    """Keep a menu in the draft; it may get another name, and its prompt with it."""
    found = await workbench.bench(visit)
    fields = await fields_of(request)
    value = found.value()
    if name != "new" and name not in found.plan.menus:
        raise HTTPException(404, "there is no such menu")
    called = fields.text("name")
    if called != name and called in found.plan.menus:
        raise HTTPException(409, "there is a menu of that name")
    change(value, name, fields)
    if findings := await workbench.keep(visit, found, value):
        refused = Refused(findings=findings, entered=fields.singles())
        return await _menu(request, visit, found, name, refused)
    return to("/menus", "drafted")


def change(value: Plain, name: str, fields: Fields) -> None:
    """One menu from its form: ``key:PLACE`` and ``to:PLACE``, prompt and the rest.

    A key that leads to ``new:NAME`` makes that menu, which has this one's prompt until it
    gets its own.
    """
    menus = below(value, "menus")
    before = below(menus, name)
    called = fields.text("name") or name
    made: Plain = {"prompt": fields.text("prompt")}
    for key in ("timeout", "retries"):
        put(made, key, fields.text(key) or before.get(key))
    keys: Plain = {}
    fresh: list[str] = []
    old = below(before, "keys")
    for place in range(64):
        key = fields.text(f"key:{place}")
        if not key or fields.has(f"drop:{place}"):
            continue
        chosen = fields.text(f"to:{place}")
        if chosen == "keep":
            keys[key] = old.get(fields.text(f"was:{place}"))
        elif chosen.startswith("sub"):
            sub = fields.text(f"sub:{place}") or f"{called} {key}"
            fresh.append(sub)
            keys[key] = {"menu": sub}
        else:
            keys[key] = target_of(fields, f"to:{place}")
    made["keys"] = keys
    if fields.text("otherwise") == "keep":
        put(made, "otherwise", before.get("otherwise"))
    elif fields.text("otherwise"):
        made["otherwise"] = target_of(fields, "otherwise")
    kept = {called if one == name else one: menu for one, menu in menus.items()}
    value["menus"] = {**kept, called: made}
    for sub in fresh:
        _begin(value, sub, made, called)
    if name not in (called, "new"):
        _renamed(value, name, called)


def _begin(value: Plain, sub: str, above: Plain, called: str) -> None:
    menus = below(value, "menus")
    menus.setdefault(sub, {"prompt": above["prompt"], "keys": {"*": {"menu": called}}})
    value["menus"] = menus


def _renamed(value: object, name: str, called: str) -> None:
    """Whatever leads to a menu leads to it by its new name."""
    if isinstance(value, dict):
        if value.get("menu") == name:
            value["menu"] = called
        for part in value.values():
            _renamed(part, name, called)
    elif isinstance(value, list):
        for part in value:
            _renamed(part, name, called)


def tree(plan: Plan) -> Iterator[Branch]:
    """The menus as they lead to each other; first those that routes lead to."""
    first = [one.to.name for one in plan.routes if isinstance(one.to, ToMenu)]
    seen: set[str] = set()
    for name in dict.fromkeys((*first, *plan.menus)):
        if name in plan.menus and name not in seen:
            yield from _branches(plan, name, "", 0, seen)


def _branches(
    plan: Plan, name: str, key: str, depth: int, seen: set[str]
) -> Iterator[Branch]:
    menu = plan.menus[name]
    again = name in seen or depth > DEEPEST
    yield Branch(depth=depth, key=key, menu=menu, target=None, again=again)
    if again:
        return
    seen.add(name)
    leads: Mapping[str, object] = dict(menu.keys)
    for pressed, target in leads.items():
        if isinstance(target, ToMenu):
            yield from _branches(plan, target.name, pressed, depth + 1, seen)
        else:
            yield Branch(depth=depth + 1, key=pressed, menu=None, target=target)
    if menu.otherwise is not None:
        yield Branch(depth=depth + 1, key="…", menu=None, target=menu.otherwise)


async def _menus(
    request: Request, visit: Visit, found: Bench, refused: Refused = Refused()
) -> Response:
    reached = {one.to.name for one in found.plan.routes if isinstance(one.to, ToMenu)}
    known = await planning.known(visit, found.current)
    return page(
        request,
        "menus",
        visit,
        status=422 if refused.findings else 200,
        bench=found,
        plan=found.plan,
        changes=found.changes(whole=visit.session.reveal),
        tree=list(tree(found.plan)),
        reached=reached,
        own=sorted(known.own_prompts),
        notice=notice(request, found.current.plan.version),
        findings=refused.findings,
    )


async def _menu(
    request: Request,
    visit: Visit,
    found: Bench,
    name: str,
    refused: Refused = Refused(),
) -> Response:
    one = found.plan.menus.get(name)
    if one is None and name != "new":
        raise HTTPException(404, "there is no such menu")
    known = await planning.known(visit, found.current)
    return page(
        request,
        "menu",
        visit,
        place="menus",
        status=422 if refused.findings else 200,
        bench=found,
        plan=found.plan,
        at=name,
        menu=one,
        spare=SPARE_KEYS if one is not None else SPARE_KEYS + 1,
        own=sorted(known.own_prompts),
        catalogue=sorted(known.prompts or ()),
        entered=refused.entered,
        findings=refused.findings,
    )
