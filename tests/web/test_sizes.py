"""Pages are light: what a browser fetches for one the first time, packed."""

import gzip
import re

import httpx
import pytest

from b2bua.web.assets import FOLDER
from b2bua.web.navigation import ENTERPRISE, places

MOST = 300_000
CHARTS = "echarts"
PATHS = [*(one.path for one in places(ENTERPRISE)), "/wall", "/calls/ours-0"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_under_300_kilobytes(ours: httpx.AsyncClient, path: str) -> None:
    page = await ours.get(path)
    named = re.findall(r'(?:src|href)="/static/([^"?#]+)', page.text)
    files = {name for name in named if CHARTS not in name}
    assert "portal.css" in files
    total = len(gzip.compress(page.content))
    total += sum(len(gzip.compress((FOLDER / name).read_bytes())) for name in files)
    assert total < MOST
