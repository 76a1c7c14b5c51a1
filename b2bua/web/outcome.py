"""What became of a change, and what the page says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from b2bua.service.planfile import Finding
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published
from b2bua.store.tenant import Current
from b2bua.web import planning
from b2bua.web.forms import Fields, Plain
from b2bua.web.portal import Visit
from b2bua.web.views import language_of
from b2bua.web.words.book import Words

SAID: Final = frozenset(
    (
        *("saved", "unchanged", "drafted", "discarded"),
        *("uploaded", "removed", "tested", "report_sent", "report_kept"),
    )
)


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody else changed the same thing in the meantime; nothing was published."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What is wrong with a form, and what was entered in it."""

    findings: Sequence[Finding] = ()
    entered: Mapping[str, str] = field(default_factory=dict)


Done: TypeAlias = Published | list[Finding] | Moved


async def published(visit: Visit, current: Current, value: Plain, fields: Fields) -> Done:
    """Publish a plan that a form made."""
    try:
        return await planning.publish_merged(visit, current, value, fields.base())
    except PlanMoved as error:
        return Moved(str(error))


def moved_on(done: Done | None, path: str) -> Response | None:
    """To the page that shows what was published; None if nothing was."""
    if not isinstance(done, Published):
        return None
    return to(path, "saved" if done.changes else "unchanged")


def to(path: str, said: str) -> Response:
    """To a page that says what was done."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}said={said}", 303)


def notice(request: Request, version: int) -> str:
    """What a page says above all after a change."""
    said = request.query_params.get("said", "")
    if said not in SAID:
        return ""
    return Words(language_of(request))(said, version=version)


def findings_of(done: Done | None) -> list[Finding]:
    """What keeps a change from being published."""
    return done if isinstance(done, list) else []


def status_of(done: Done | None) -> int:
    """The status of the page that shows what became of a change."""
    match done:
        case list():
            return 422
        case Moved():
            return 409
        case _:
            return 200
