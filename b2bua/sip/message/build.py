"""Responses built from what they answer (RFC 3261 §8.2.6)."""

from collections.abc import Iterable

from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import ECHOED, Refusal


def response_to(  # noqa: PLR0913 (a response has these parts)
    request: Request,
    status: int,
    *,
    to_tag: str | None = None,
    reason: str | None = None,
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """A response to ``request``: Via, From, To, Call-ID and CSeq are copied (§8.2.6.2).

    ``to_tag`` is added to To unless there is one or the status is 100. Record-Route is
    copied when the response can create a dialog (§12.1.1), Timestamp into a 100
    (§8.2.6.1). ``extra`` follows in its order; ``reason`` None is the default phrase.
    """
    items: list[tuple[str, str]] = []
    starts_dialog = False
    for name, value in request.headers:
        if name == "To":
            if not request.to.tag:
                starts_dialog = request.method == "INVITE"
                if to_tag is not None and status != 100:
                    value = f"{value};tag={to_tag}"  # noqa: PLW2901
            items.append((name, value))
        elif name in ECHOED or (name == "Timestamp" and status == 100):
            items.append((name, value))
    if starts_dialog and 100 < status < 300:
        items += [("Record-Route", value) for value in request.headers.all("Record-Route")]
    headers = Headers.of_canonical(items)
    for name, value in extra:
        headers.add(name, value)
    return Response(status, reason, headers, body)


def response_to_refused(refusal: Refusal, *, to_tag: str) -> Response | None:
    """The answer to bytes that the parser refused, or None if there can be none."""
    if refusal.echo is None:
        return None
    headers = refusal.echo.copy()
    to = headers.first("To")
    if to is not None and ";tag=" not in to.replace(" ", "").lower():
        headers.set("To", f"{to};tag={to_tag}")
    return Response(refusal.status, refusal.reason, headers)
