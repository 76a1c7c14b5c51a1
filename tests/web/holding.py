"""Holds every answer of the API, whatever test asked for it, to its description."""

import re
from functools import cache
from typing import Any, cast

import httpx
from pydantic import TypeAdapter

from b2bua.web.app import application
from b2bua.web.described import model_of
from b2bua.web.portal import Portal


@cache
def described() -> Any:
    """The API's description."""
    return application(cast(Portal, None)).openapi()


@cache
def _ways() -> list[tuple[re.Pattern[str], str]]:
    """Paths, those without names in them first."""
    paths = sorted(described()["paths"], key=lambda path: (path.count("{"), path))
    names = re.compile(r"\\\{\w+\\\}")
    return [(re.compile(names.sub("[^/]+", re.escape(path))), path) for path in paths]


@cache
def _adapter(way: str, status: int) -> TypeAdapter[Any]:
    return TypeAdapter(model_of(way, status))


async def as_described(answer: httpx.Response) -> None:
    """Fail the test whose answer is not what the description promises."""
    path = answer.request.url.path
    way = next((found for known, found in _ways() if known.fullmatch(path)), None)
    if way is None or answer.status_code in {405, 413}:
        return
    asked = described()["paths"][way].get(answer.request.method.lower())
    if asked is None:
        return
    told = asked["responses"].get(str(answer.status_code))
    assert told is not None, f"{answer.request.method} {way}: {answer.status_code}?"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if not kind:
        assert "content" not in told
        return
    assert kind in told["content"], f"{way}: {kind}?"
    if kind == "application/json":
        await answer.aread()
        _adapter(f"{answer.request.method} {way}", answer.status_code).validate_python(
            answer.json()
        )
