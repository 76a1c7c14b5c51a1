"""Webhooks as plans write them."""

import re
from typing import Final

from b2bua.service.form import Form
from b2bua.service.plantext import Path
from b2bua.service.webhook import LONGEST_URL, Reach, Webhook, WebhookEvent, url_fault

MOST_WEBHOOKS: Final = 5
_SECRET: Final = re.compile(r"[!-~]{16,128}")


def read_webhooks(form: Form, value: object, reach: Reach | None) -> tuple[Webhook, ...]:
    """Who is told of calls; without ``reach`` it is not asked where they lie."""
    if value is not None and not isinstance(value, list):
        form.complain(("webhooks",), "must be a list: [{url: …, secret: …}]")
        return ()
    read: list[Webhook] = []
    for item, path in form.items(value, ("webhooks",)):
        hook = _webhook(form, item, path, reach)
        if hook.url and any(hook.url == other.url for other in read):
            form.complain((*path, "url"), "is told already, further up")
        read.append(hook)
    if len(read) > MOST_WEBHOOKS:
        form.complain(("webhooks",), f"at most {MOST_WEBHOOKS} of them")
    return tuple(read)


def plain_webhook(hook: Webhook) -> dict[str, object]:
    """The reverse: in the words of a plan file."""
    events = [event.value for event in WebhookEvent if event in hook.events]
    return {"url": hook.url, "events": events, "secret": hook.secret}


def _webhook(form: Form, value: object, path: Path, reach: Reach | None) -> Webhook:
    body = form.mapping(value, path, ("url", "events", "secret"))
    url, secret = body.get("url"), body.get("secret")
    if not isinstance(url, str) or not url:
        form.complain((*path, "url"), "must be a URL such as https://example.com/calls")
        url = ""
    elif fault := url_fault(url[: LONGEST_URL + 1], reach):
        form.complain((*path, "url"), fault)
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        form.complain(
            (*path, "secret"),
            "must be 16 to 128 letters, digits and signs without spaces, in quotes",
        )
        secret = ""
    return Webhook(url=url, secret=secret, events=_events(form, body, path))


def _events(form: Form, body: dict[str, object], path: Path) -> frozenset[WebhookEvent]:
    if body.get("events") is None:
        return frozenset(WebhookEvent)
    path = (*path, "events")
    events = frozenset(
        form.choice(item, at, WebhookEvent) for item, at in form.items(body["events"], path)
    )
    if not events:
        form.complain(path, "is empty: it would be told nothing")
    return events
