"""What the operator's pages have in common: how one is shown, and what forms say."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from b2bua.store.errors import Rejected
from b2bua.store.house import ZONE
from b2bua.web import views
from b2bua.web.navigation import OPERATOR
from b2bua.web.portal import Visit
from b2bua.web.views import local

SAID: Final = (
    "opened",
    "changed",
    "password",
    "hung_up",
    "tariff",
    "imported",
    "withdrawn",
)

Fields: TypeAlias = Callable[[str], str]


def page(
    request: Request, name: str, visit: Visit, status: int = 200, **more: Any
) -> Response:
    """One of the operator's pages."""
    said = request.query_params.get("said", "")
    common = {
        "stamp": stamp,
        "said": f"op_said_{said}" if said in SAID else "",
        "place": name,
        "wrong": "",
    }
    return views.page(request, name, visit, status, navigation=OPERATOR, **(common | more))


def part(request: Request, name: str, visit: Visit, **more: Any) -> str:
    """A part of one."""
    return views.fragment(request, name, visit, stamp=stamp, **more)


def stamp(at: Any) -> str:
    """A moment on the house's clocks."""
    return local(at, ZoneInfo(ZONE))


async def fields_of(request: Request) -> Fields:
    """A form; what it does not have is empty."""
    return text_of(await request.form())


def text_of(form: FormData) -> Fields:
    """Reads a form's fields."""
    return lambda name: str(form.get(name, ""))[:1024]


def done(path: str, said: str) -> Response:
    """Back to a page, which says that it is done."""
    return RedirectResponse(f"{path}?said={said}", 303)


def whole(text: str) -> int | None:
    """A whole number; None for an empty field. Raises Rejected."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Rejected("a whole number is needed")
    return int(text)


def li(text: str) -> int | None:
    """Yuan as 厘; None for an empty field. Raises Rejected."""
    text = text.strip()
    if not text:
        return None
    before, _, part = text.partition(".")
    digits = (before or "0") + part
    good = digits.isascii() and digits.isdecimal() and len(before) < 8 and len(part) < 4
    if not good:
        raise Rejected("an amount in yuan is needed, with three decimals at most")
    return int(digits + "0" * (3 - len(part)))
