"""The API's description: what each way answers, refusals included, and who may ask.

FastAPI describes what is asked; a table here says what comes back.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from b2bua.web import answers as own
from b2bua.web import answersofhouse as house

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES: Final = (CSV, XLSX)
ANSWERS: Final[Mapping[str, Any]] = {
    "POST /api/session": own.OpenedSession,
    "GET /api/session": own.Session,
    "PUT /api/session": own.Revealed,
    "POST /api/operator/session": own.OpenedHouse,
    "GET /api/users": own.Users,
    "POST /api/users": own.User,
    "PUT /api/users/{name}": own.User,
    "PUT /api/password": own.Named,
    "GET /api/tokens": own.Tokens,
    "POST /api/tokens": own.NewToken,
    "GET /api/sessions": own.Sessions,
    "POST /api/codes": own.Secret,
    "PUT /api/codes": own.RecoveryCodes,
    "GET /api/audit": own.Deeds,
    "GET /api/today": own.Today,
    "GET /api/calls": own.Calls,
    "GET /api/calls/{call_id}": own.WholeCall,
    "POST /api/calls/{call_id}/block": own.Published,
    "GET /api/live": own.LiveCalls,
    "GET /api/plan": own.Plan,
    "PUT /api/plan": own.Published,
    "POST /api/explain": own.Explanation,
    "GET /api/report": own.Report,
    "GET /api/override": own.Override,
    "PUT /api/override": own.Published,
    "DELETE /api/override": own.Published,
    "POST /api/check": own.Findings,
    "GET /api/versions": own.Versions,
    "GET /api/versions/{version}": own.WholeVersion,
    "POST /api/versions/{version}/publish": own.Published,
    "GET /api/draft": own.Draft,
    "PUT /api/draft": own.Findings,
    "POST /api/draft/publish": own.Published,
    "GET /api/draft/reckoning": own.Reckoning,
    "GET /api/prompts": own.Prompts,
    "PUT /api/prompts/{name}": own.Prompt,
    "GET /api/webhooks/deliveries": own.Deliveries,
    "POST /api/webhooks/test": own.Identity,
    "GET /api/reports": house.Reports,
    "POST /api/reports": house.KeptReport,
    "PUT /api/reports/{subscription}": house.KeptReport,
    "DELETE /api/reports/{subscription}": house.RemovedReport,
    "POST /api/reports/{subscription}/send": house.SentReport,
    "GET /api/operator/overview": house.Sums,
    "GET /api/operator/numbers": house.Numbers,
    "POST /api/operator/numbers": house.OpenedNumber,
    "GET /api/operator/numbers/{number}": house.Terms,
    "PUT /api/operator/numbers/{number}": house.ChangedNumber,
    "PUT /api/operator/acting": house.Acting,
    "GET /api/operator/live": house.HouseCalls,
    "DELETE /api/operator/live/{call_id}": house.Ended,
    "GET /api/operator/trunks": house.Trunks,
    "GET /api/operator/nodes": house.Nodes,
    "GET /api/operator/alarms": house.Alarms,
    "GET /api/operator/tariffs": house.Tariffs,
    "POST /api/operator/tariffs": house.PricedTariff,
    "GET /api/operator/areas": house.Areas,
    "PUT /api/operator/areas": house.Difference,
    "GET /api/operator/calendar": house.Calendar,
    "PUT /api/operator/calendar": house.Difference,
    "GET /api/operator/settlement": house.Settlement,
}
"""JSON of a success, by method and path."""
OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "GET /api/plan": ("application/yaml",),
    "GET /api/report": (*FILES, "text/html"),
    "GET /api/calls/file": FILES,
    "GET /api/calls/{call_id}/{kind}.wav": ("audio/wav",),
    "GET /api/prompts/{name}/audio": ("audio/wav",),
    "GET /api/reports/{report}/{what}": ("text/html", XLSX),
    "GET /api/operator/settlement": FILES,
}
"""What a success may be besides, or instead."""
BODIES: Final[Mapping[str, tuple[str, ...]]] = {
    "PUT /api/plan": ("application/yaml", "application/json"),
    "PUT /api/operator/areas": (CSV, "application/octet-stream"),
    "PUT /api/operator/calendar": (CSV,),
}
"""Bodies that are read as they stand."""
PUBLISHING: Final = (
    *("PUT /api/plan", "PUT /api/override", "DELETE /api/override", "PUT /api/draft"),
    *("POST /api/draft/publish", "POST /api/versions/{version}/publish"),
    *("POST /api/calls/{call_id}/block", "PUT /api/prompts/{name}"),
    *("POST /api/operator/numbers", "PUT /api/operator/numbers/{number}"),
)
"""May come with findings (422), and with a conflict (409)."""
PACED: Final = (
    *("POST /api/session", "POST /api/operator/session", "PUT /api/password"),
    *("DELETE /api/codes", "POST /api/reports/{subscription}/send"),
)
"""Refused (429) when they come too often."""
OPEN: Final = ("POST /api/session", "POST /api/operator/session")
"""Need no session: they begin one."""
SAID: Final = {
    "401": "Not signed in, or not with this password.",
    "403": "The role, or the token's scopes, do not reach so far.",
    "404": "There is nothing of the kind, or it is somebody else's.",
    "409": "Somebody else changed the same thing in the meantime.",
    "413": "The body is too large.",
    "422": "What was sent makes no sense; with findings where it is a plan.",
    "429": "Too often: come again after Retry-After seconds.",
    "503": "The database is away for a moment: come again after Retry-After seconds.",
}
RETRY: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
WHO: Final[list[dict[str, list[str]]]] = [{"cookie": []}, {"token": []}]
SCHEMES: Final = {
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "b2bua_session",
        "description": "Set by POST /api/session. What changes something comes as JSON.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Made on the page Users and safety; it does what its scopes allow.",
    },
}


def describe(app: FastAPI) -> None:
    """Let the application describe its answers."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def model_of(way: str, status: int) -> Any:
    """What an answer in JSON looks like."""
    if status < 300:
        return ANSWERS[way]
    if status == 409:
        return own.Conflict
    return own.Refused | own.Findings if status in {422, 429} else own.Refused


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    parts = found.setdefault("components", {})
    parts["securitySchemes"] = SCHEMES
    shapes = _Shapes(parts.setdefault("schemas", {}))
    for path, ways in found["paths"].items():
        for method, asked in ways.items():
            way = f"{method.upper()} {path}"
            asked["security"] = [] if way in OPEN else WHO
            if way in BODIES:
                kinds = {kind: {"schema": {"type": "string"}} for kind in BODIES[way]}
                if "application/json" in kinds:
                    kinds["application/json"] = {"schema": {"type": "object"}}
                asked["requestBody"] = {"content": kinds, "required": True}
            asked["responses"] = _responses(way, asked, shapes)
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    return found


class _Shapes:
    """Schemas of types, each kept once under its name."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def of(self, model: Any) -> dict[str, Any]:
        """A schema; what it names is kept."""
        template = "#/components/schemas/{model}Answer"
        made = TypeAdapter(model).json_schema(ref_template=template, mode="serialization")
        for name, shape in made.pop("$defs", {}).items():
            self._kept[f"{name}Answer"] = shape
        if "title" not in made:
            return made
        name = f"{made['title']}Answer"
        self._kept[name] = made
        return {"$ref": f"#/components/schemas/{name}"}


def _responses(way: str, asked: Mapping[str, Any], shapes: _Shapes) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, told in asked["responses"].items():
        if not status.startswith("2"):
            continue
        content = {kind: {"schema": {"type": "string"}} for kind in OTHERS.get(way, ())}
        if way in ANSWERS:
            content["application/json"] = {"schema": shapes.of(ANSWERS[way])}
        made[status] = {"description": told["description"]}
        if content:
            made[status]["content"] = content
    for status in _refusals(way, asked):
        schema = shapes.of(model_of(way, int(status)))
        made[status] = {
            "description": SAID[status],
            "content": {"application/json": {"schema": schema}},
        }
        if status in {"429", "503"}:
            made[status]["headers"] = RETRY
    return made


def _refusals(way: str, asked: Mapping[str, Any]) -> list[str]:
    """The ways to say no, in order."""
    found = {"401", "403", "503"}
    if "{" in way or "acting" in way or not way.startswith("GET"):
        found.add("404")
    if way.startswith("GET") and "/operator/" not in way:
        found.add("404")  # There may be no plan.
    if "requestBody" in asked:
        found |= {"413", "422"}
    if "parameters" in asked or way in PUBLISHING:
        found.add("422")
    if way in PUBLISHING:
        found.add("409")
    if way in PACED:
        found |= {"422", "429"}
    if not way.startswith("GET"):
        found.add("422")
    return sorted(found)
