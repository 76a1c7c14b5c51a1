"""The pages, as a browser without scripts uses them."""

# ruff: noqa: RUF001  # Chinese punctuation

import re

import httpx
import pytest

from b2bua.service.number import masked
from b2bua.store.tenant import Tenant
from b2bua.web.navigation import ENTERPRISE, places
from b2bua.web.portal import Portal
from b2bua.web.words.book import WORDS, Words
from b2bua.web.words.traces import reason, rule, told
from tests.web.conftest import OURS, signed_in, token

PATHS = [*(one.path for one in places(ENTERPRISE)), "/calls/ours-0"]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("tongue", ["zh", "en"])
@pytest.mark.parametrize(
    "path", [*(one.path for one in places(ENTERPRISE)), "/calls/ours-0"]
)
async def test_every_page_speaks_both_languages(
    ours: httpx.AsyncClient, path: str, tongue: str
) -> None:
    page = await ours.get(path, headers={"accept-language": f"fr, {tongue};q=0.5"})
    assert page.status_code == 200
    assert f'<html lang="{"zh-CN" if tongue == "zh" else "en"}"' in page.text
    heading = re.findall(r"<title>(.*?)</title>|<h2>(.*?)<", page.text)
    words = "".join(one for pair in heading for one in pair)
    assert bool(CHINESE.search(words)) is (tongue == "zh")
    assert "<script>" not in page.text
    assert 'style="' not in page.text
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)
    assert len(page.content) < 300_000


async def test_language_and_look_are_remembered(ours: httpx.AsyncClient) -> None:
    back = await ours.get("/language/en", params={"back": "/calls"})
    assert back.headers["location"] == "/calls"
    await ours.get("/theme/dark")
    page = await ours.get("/calls", headers={"accept-language": "zh"})
    assert '<html lang="en" data-look="dark"' in page.text
    for elsewhere in ("//evil", "/\\evil", "http://evil", "/a\r\nb"):
        away = await ours.get("/language/en", params={"back": elsewhere})
        assert away.headers["location"] == "/"
    assert (await ours.get("/language/fr")).status_code == 404


async def test_callers_are_blocked_and_let_in_again(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    async def listed() -> tuple[str, ...]:
        current = await Tenant(portal.database, OURS).plan()
        assert current is not None
        return current.plan.screening.blacklist

    form = {**await token(ours), "list": "blacklist", "call": "ours-0"}
    assert (await ours.post("/screening", data=form)).status_code == 303
    assert await listed() == ("13800138000",)
    page = await ours.get("/screening")
    assert masked("13800138000") in page.text
    form = {**await token(ours), "list": "blacklist", "entry": "0736*"}
    await ours.post("/screening", data=form)
    assert await listed() == ("13800138000", "0736*")
    gone = {"list": "blacklist", "entry": "13800138000", "remove": "yes"}
    await ours.post("/screening", data={**await token(ours), **gone})
    assert await listed() == ("0736*",)
    wrong = {**await token(ours), "list": "blacklist", "entry": "<b>"}
    page = await ours.post("/screening", data=wrong)
    assert page.status_code == 422
    assert "<b>&lt;" not in page.text
    assert await listed() == ("0736*",)


async def test_a_plan_is_checked_before_it_is_published(ours: httpx.AsyncClient) -> None:
    hidden = await token(ours, "/plan")
    text = (await ours.get("/api/plan")).json()["yaml"]
    wrong = {**hidden, "yaml": text.replace("ring: 20", "ring: 5"), "what": "check"}
    page = await ours.post("/plan", data=wrong)
    assert "destinations.two.ring" in page.text
    assert (await ours.post("/plan", data={**wrong, "what": "publish"})).status_code == 422
    right = {**hidden, "yaml": text.replace("ring: 20", "ring: 30"), "what": "publish"}
    assert (await ours.post("/plan", data=right)).status_code == 303
    assert (await ours.get("/api/plan")).json()["version"] == 2
    assert (await ours.post("/plan", data=right)).status_code == 409


async def test_a_call_is_tried(ours: httpx.AsyncClient) -> None:
    asked = {"caller": "02088881234", "at": "2026-11-23T10:00"}
    page = await ours.get("/try", params=asked, headers={"accept-language": "en"})
    assert "route south" in page.text
    assert "to group route:south" in page.text
    assert "02088886001" in page.text


async def test_numbers_are_masked_until_they_are_revealed(portal: Portal) -> None:
    async with signed_in(portal) as client:
        for path in ("/", "/calls", "/calls/ours-0"):
            page = (await client.get(path)).text
            assert "138****8000" in page
            assert "13800138000" not in page
        form = {**await token(client), "whole": "yes", "back": "/calls"}
        done = await client.post("/reveal", data=form)
        assert done.headers["location"] == "/calls"
        assert "13800138000" in (await client.get("/calls")).text


async def test_what_came_from_the_network_is_escaped(ours: httpx.AsyncClient) -> None:
    page = await ours.get("/calls", params={"caller": '"><script>x'})
    assert "<script>x" not in page.text
    missing = await ours.get("/calls/<script>x")
    assert missing.status_code == 404
    assert "<script>x" not in missing.text


def test_words_are_in_both_languages() -> None:
    for key, (zh, en) in WORDS.items():
        assert not CHINESE.search(en), key
        assert zh
        assert en
    assert Words("en")("unheard of") == "unheard of"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no route fits", "没有匹配的路由"),
        (
            "mobile 138****8000, area 010 北京 is not on it",
            "手机 138****8000，区号 010 北京不在名单上",
        ),
        ("71 of 3000 calls used", "已用 71 次，上限 3000 次"),
        ("key 1: to group sales", "按 1：转到分组 sales"),
        (
            "Sun 2026-11-22 08:28 Asia/Shanghai, a weekend day",
            "周日 2026-11-22 08:28 Asia/Shanghai，周末",
        ),
        ("something new", "something new"),
    ],
)
def test_decisions_are_told_in_plain_words(english: str, chinese: str) -> None:
    assert told(english, "zh") == chinese
    assert told(english, "en") == english.replace("北京", "Beijing")


def test_rules_and_reasons_have_names() -> None:
    assert rule("route south", "zh") == "路由 south"
    assert rule("blacklist", "zh") == "黑名单"
    assert rule("blacklist", "en") == "blacklist"
    assert reason("caller hung up", "zh") == "主叫挂机"
    assert reason("something new", "zh") == "something new"
