"""What browsers keep: by its content, packed where that is taken, never from elsewhere."""

import gzip

import httpx
import pytest

from b2bua.web.assets import FOLDER, address, icon

VENDOR = ["tabler.min.css", "tabler.min.js", "htmx.min.js", "echarts.min.js", "icons.svg"]


@pytest.mark.parametrize("name", VENDOR)
async def test_what_npm_has_is_served_packed(nobody: httpx.AsyncClient, name: str) -> None:
    packed = await nobody.get(address(f"vendor/{name}"))
    assert packed.status_code == 200
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = await nobody.get(f"/static/vendor/{name}", headers={"accept-encoding": ""})
    assert "content-encoding" not in plain.headers
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.content == packed.content == (FOLDER / "vendor" / name).read_bytes()
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for answer in (packed, plain):
        found = answer.headers["content-type"].partition(";")[0]
        assert found == next(kind for end, kind in kinds.items() if name.endswith(end))


def test_an_address_changes_with_what_is_there() -> None:
    assert address("portal.css").startswith("/static/portal.css?v=")
    assert address("portal.css") != address("portal.js")
    assert address("nowhere.css") == "/static/nowhere.css"


def test_icons_are_hidden_from_who_hears_the_page_unless_they_speak() -> None:
    assert 'aria-hidden="true"' in icon("home")
    assert 'role="img" aria-label="A &amp; B"' in icon("home", "A & B")
    packed = (FOLDER / "vendor" / "icons.svg.gz").read_bytes()
    assert b'<symbol id="home"' in gzip.decompress(packed)


@pytest.mark.parametrize("path", ["%2e%2e/app.py", "vendor/%2e%2e/%2e%2e/app.py", "vendor"])
async def test_nothing_else_is_served(nobody: httpx.AsyncClient, path: str) -> None:
    assert (await nobody.get(f"/static/{path}")).status_code == 404
