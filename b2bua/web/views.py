"""Templates to pages: the language, the look, and what every page shows."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from b2bua.report.wording import clock
from b2bua.service.tariff import yuan
from b2bua.store.roles import Right
from b2bua.web.assets import address, icon
from b2bua.web.navigation import ENTERPRISE, Navigation
from b2bua.web.places import abroad
from b2bua.web.portal import Visit
from b2bua.web.shapes import shown
from b2bua.web.speaking import TESTS, spoken
from b2bua.web.words.book import Words
from b2bua.web.words.regions import region
from b2bua.web.words.traces import reason, rule, told

Tongue: TypeAlias = Literal["zh", "en"]

LANGUAGE_COOKIE: Final = "b2bua_language"
THEME_COOKIE: Final = "b2bua_theme"
THEMES: Final = ("auto", "light", "dark")


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("b2bua.web"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"yuan": yuan, "clock": clock}
    found.globals |= {"asset": address, "icon": icon, "abroad": abroad}
    found.tests |= TESTS
    return found


def language_of(request: Request) -> Tongue:
    """What was chosen, else what the browser prefers, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in ("zh", "en"):
        return cast(Tongue, chosen)
    best: tuple[float, Tongue] = (0.0, "zh")
    for part in request.headers.get("accept-language", "")[:200].split(","):
        name, _, quality = part.strip().partition(";q=")
        tongue = name.partition("-")[0].lower()
        try:
            weight = float(quality or "1")
        except ValueError:
            continue
        if tongue in ("zh", "en") and weight > best[0]:
            best = (weight, cast(Tongue, tongue))
    return best[1]


def page(
    request: Request,
    name: str,
    visit: Visit | None = None,
    status: int = 200,
    *,
    navigation: Navigation = ENTERPRISE,
    **more: Any,
) -> Response:
    """A page by the name of its template, under a navigation.

    ``place`` is the key of the place that the navigation marks; the page's own by default.
    """
    text = _rendered(request, name, visit, {"navigation": navigation, **more})
    response = HTMLResponse(text.encode("utf-8", "replace"), status)
    chinese = language_of(request) == "zh"
    response.headers["Content-Language"] = "zh-CN" if chinese else "en"
    return response


def fragment(request: Request, name: str, visit: Visit, **more: Any) -> str:
    """A part of a page by the name of its template."""
    return _rendered(request, name, visit, {"navigation": ENTERPRISE, **more})


def _rendered(
    request: Request, name: str, visit: Visit | None, more: Mapping[str, Any]
) -> str:
    tongue = language_of(request)
    theme = request.cookies.get(THEME_COOKIE, "auto")
    whole = visit is not None and visit.session.reveal
    common: dict[str, Any] = {
        "t": Words(tongue),
        "language": tongue,
        "theme": theme if theme in THEMES else "auto",
        "side": "enterprise" if more["navigation"] is ENTERPRISE else "operator",
        "page": name,
        "place": name,
        "path": request.url.path,
        "number": "" if visit is None else visit.tenant.number,
        "csrf": "" if visit is None else visit.session.csrf,
        "reveal": whole,
        "may": lambda right: visit is not None and visit.may(Right(right)),
        "who": visit,
        "who_is": lambda number, private=False: shown(number, private=private, whole=whole),
        "rule": lambda text: rule(text, tongue),
        "told": lambda text: told(text, tongue),
        "reason": lambda text: reason(text, tongue),
        "province": lambda code: "" if visit is None else province(visit, code, tongue),
        "people": {},
        **spoken(tongue),
        "query": lambda **fields: urlencode({k: v for k, v in fields.items() if v}),
        "notice": "",
        "findings": (),
    }
    return _templates().get_template(f"{name}.html").render({**common, **more})


def province(visit: Visit, code: str, tongue: Tongue) -> str:
    """Where an area code is, in the page's language; empty for unknown."""
    return region(visit.portal.province_of(code), tongue) if code else ""


def failure(
    request: Request, status: int, detail: str, headers: Mapping[str, str]
) -> Response:
    """A page that says what went wrong."""
    response = page(request, "failure", status=status, detail=detail, code=status)
    response.headers.update(headers)
    return response


def back_to(path: str) -> str:
    """A page of ours, whatever was asked for."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() and path.isascii() else "/"


def brief(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """The time of today's moments, the day and the time of others."""
    here = at.astimezone(zone)
    today = here.date() == now.astimezone(zone).date()
    return f"{here:%H:%M:%S}" if today else f"{here:%m-%d %H:%M}"


def local(at: datetime, zone: ZoneInfo) -> str:
    """A moment on the plan's clocks."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
