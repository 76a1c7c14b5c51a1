"""Prompts that an enterprise brings: uploaded, named by plans, heard, deleted."""

import io
import struct

import httpx
import pytest

from b2bua.store.tenant import Tenant
from b2bua.web.portal import Portal
from tests.support.tones import sine
from tests.web.conftest import OURS, THEIRS, signed_in, token


def wav(hertz: float = 1000.0, seconds: float = 0.5) -> bytes:
    """A tone as a browser records it: 16 bits, one channel."""
    data = sine(hertz, seconds)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16,
                       1, 1, 8000, 16000, 2, 16)  # fmt: skip
    return head + struct.pack("<4sI", b"data", len(data)) + data


async def uploaded(
    client: httpx.AsyncClient, name: str, content: bytes, file: str = "tone.wav"
) -> httpx.Response:
    form = {"csrf": (await token(client, "/prompts"))["csrf"], "name": name}
    return await client.post(
        "/prompts", data=form, files={"file": (file, io.BytesIO(content))}
    )


async def test_a_prompt_is_uploaded_named_replaced_and_deleted(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    async def prompts() -> dict[str, str]:
        current = await Tenant(portal.database, OURS).plan()
        assert current is not None
        return dict(current.plan.prompts)

    done = await uploaded(ours, "hello", wav())
    assert done.headers["location"] == "/prompts?said=uploaded"
    heard = await ours.get("/prompts/hello/audio")
    assert heard.headers["content-type"] == "audio/wav"
    assert heard.content.startswith(b"RIFF")
    form = {**await token(ours, "/settings"), "what": "greeting", "greeting": "hello"}
    assert (await ours.post("/settings", data=form)).status_code == 303
    before = await prompts()
    form = {**await token(ours, "/prompts"), "remove": "hello"}
    assert (await ours.post("/prompts", data=form)).status_code == 422
    # The same name with another sound: the next call hears it.
    await uploaded(ours, "hello", wav(500.0))
    after = await prompts()
    assert before["hello"] != after["hello"]
    form = {**await token(ours, "/settings"), "what": "greeting", "greeting": ""}
    await ours.post("/settings", data=form)
    form = {**await token(ours, "/prompts"), "remove": "hello"}
    assert (await ours.post("/prompts", data=form)).status_code == 303
    assert (await ours.get("/prompts/hello/audio")).status_code == 404
    # An earlier version finds its sound again.
    form = {**await token(ours, "/versions"), "wanted": "2"}
    assert (await ours.post("/versions", data=form)).status_code == 303
    assert await prompts() == before


@pytest.mark.parametrize(
    ("name", "content", "file"),
    [
        ("hello", b"", "tone.wav"),
        ("hello", b"<script>alert(1)</script>", "tone.wav"),
        ("hello", b"MZ" + bytes(500), "tone.mp3"),
        ("hello", wav()[:44], "tone.wav"),
        ("../etc/passwd", wav(), "tone.wav"),
        ("a:b", wav(), "tone.wav"),
        (":", wav(), "tone.wav"),
    ],
)
async def test_what_is_no_prompt_is_refused(
    ours: httpx.AsyncClient, name: str, content: bytes, file: str
) -> None:
    refused = await uploaded(ours, name, content, file)
    assert refused.status_code == 422
    assert "alert(1)" not in refused.text
    assert (await ours.get("/api/prompts")).json()["prompts"] == []


async def test_prompts_by_the_api(ours: httpx.AsyncClient) -> None:
    files = {"file": ("x.wav", wav(seconds=1.0))}
    done = await ours.put("/api/prompts/hello", files=files)
    assert done.status_code == 200, done.text
    assert done.json()["seconds"] == 1.0
    listed = (await ours.get("/api/prompts")).json()
    assert [one["name"] for one in listed["prompts"]] == ["hello"]
    assert "welcome" in listed["catalogue"]
    assert (await ours.get("/api/prompts/hello/audio")).content.startswith(b"RIFF")
    assert (await ours.delete("/api/prompts/hello")).status_code == 204
    assert (await ours.delete("/api/prompts/hello")).status_code == 404
    wrong = await ours.put("/api/prompts/hello", files={"file": ("x.wav", b"no")})
    assert wrong.status_code == 422


async def test_a_prompt_is_nobody_elses(ours: httpx.AsyncClient, portal: Portal) -> None:
    await uploaded(ours, "hello", wav())
    async with signed_in(portal, THEIRS) as client:
        assert (await client.get("/prompts/hello/audio")).status_code == 404
        assert "hello" not in (await client.get("/prompts")).text
        assert (await client.delete("/api/prompts/hello")).status_code == 404


async def test_an_upload_without_end_is_cut_off(ours: httpx.AsyncClient) -> None:
    refused = await uploaded(ours, "hello", bytes(22_000_000))
    assert refused.status_code == 413
    big = {**await token(ours), "note": "x" * 1_100_000}
    assert (await ours.post("/answering", data=big)).status_code == 413
