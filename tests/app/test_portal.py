"""The portal's process: it is served, comes back when it dies, and shows what happened."""

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

from tests.app.conftest import HOST, Peers, Serving, until

NUMBER = "4006007771"


def asked(path: str, body: object = None, cookie: str = "") -> tuple[int, str, str]:
    """Status, text, and the cookie that was set."""
    request = urllib.request.Request(f"http://{HOST}:8400{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if cookie:
        request.add_header("Cookie", cookie)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            given = answer.headers.get("set-cookie", "").partition(";")[0]
            return answer.status, answer.read().decode(), given
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), ""
    except OSError:
        return 0, "", ""


def served() -> bool:
    return asked("/sign-in")[0] == 200


def pid(serving: Serving) -> int:
    return int((serving.data_dir / "web.lock").read_text())


def told_password(serving: Serving) -> str:
    """As ``serve`` prints it for the demo numbers."""
    line = next(
        line for line in serving.log.read_text().splitlines() if "sign in with" in line
    )
    return line.split()[-1]


def test_a_call_is_seen_by_who_signs_in(serving: Serving, peers: Peers) -> None:
    until(served)
    peers.destination("destination_waits")
    peers.caller("caller_hangs_up", talk=200).ended()
    given = {"number": NUMBER, "password": told_password(serving)}
    status, _, cookie = asked("/api/session", given)
    assert status == 200

    def calls() -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(asked("/api/calls", cookie=cookie)[1])[
            "calls"
        ]
        return found

    assert until(calls)[0]["number"] == NUMBER
    assert asked("/api/session", {**given, "password": "wrong"})[0] == 401


def test_the_portal_comes_back_when_it_dies(serving: Serving) -> None:
    until(served)
    before = pid(serving)
    os.kill(before, signal.SIGKILL)
    until(lambda: pid(serving) != before and served())
    assert serving.http("readyz") == 200


def test_the_password_is_nobody_elses_to_read(serving: Serving) -> None:
    until(served)
    kept: Path = serving.data_dir / "demo-password"
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.read_text().strip() == told_password(serving)
