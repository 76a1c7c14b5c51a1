"""The list of calls, one call's page and picture, its sound, and the list as a file."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from b2bua.service.record import Attempt, LadderLine, Outcome
from b2bua.store.accounts import Accounts
from b2bua.store.records import Records
from b2bua.store.roles import Role
from b2bua.web import callfiles
from b2bua.web.portal import Portal
from b2bua.web.timeline import Span, picture, rows
from b2bua.web.words.book import Words
from tests.store.builders import record
from tests.web.conftest import OURS, PASSWORD, THEIRS, called, client_of, signed_in

ENGLISH = {"accept-language": "en"}
AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SOUND = bytes(range(256)) * 8


def line(at_ms: int, leg: str, sent: bool, text: str) -> LadderLine:
    return LadderLine(at_ms=at_ms, leg=leg, sent=sent, line=text)


def attempt(name: str, outcome: str, ring_ms: int = 0) -> Attempt:
    return Attempt(
        destination=name, number="02088886001", trunk="t", outcome=outcome, ring_ms=ring_ms
    )


FORWARDED = record(
    "forwarded",
    invite_at=AT,
    early_media_at=AT + timedelta(milliseconds=10),
    answered_at=AT + timedelta(seconds=5),
    destination_answered_at=AT + timedelta(seconds=5),
    ended_at=AT + timedelta(seconds=20),
    talk_ms=15_000,
    attempts=(attempt("one", "busy"), attempt("x", "skipped"), attempt("two", "answered")),
    ladder=(
        line(0, "caller", False, "INVITE sip:1 SIP/2.0 (1)"),
        line(20, "one", True, "INVITE sip:1 SIP/2.0 (1)"),
        line(500, "one", False, "SIP/2.0 486 Busy Here (1 INVITE)"),
        line(600, "two", True, "INVITE sip:2 SIP/2.0 (1)"),
        line(700, "two", False, "SIP/2.0 100 Trying (1 INVITE)"),
        line(1000, "two", False, "SIP/2.0 180 Ringing (1 INVITE)"),
        line(5000, "two", False, "SIP/2.0 200 OK (1 INVITE)"),
        line(9000, "two", False, "INVITE sip:b2bua SIP/2.0 (1)"),
        line(9010, "two", True, "SIP/2.0 200 OK (1 INVITE)"),
        line(20000, "two", False, "BYE sip:b2bua SIP/2.0 (2)"),
    ),
)


def test_a_forwarded_call_is_drawn_to_scale() -> None:
    caller, one, two = rows(FORWARDED)
    assert caller.spans == (
        Span("setup", 0, 10),
        Span("heard", 10, 5000),
        Span("talk", 5000, 20000),
    )
    assert (one.name, one.outcome) == ("one", "busy")
    assert one.spans == (Span("setup", 20, 500),)
    assert two.spans == (
        Span("setup", 600, 1000),
        Span("ring", 1000, 5000),
        Span("talk", 5000, 20000),
    )
    assert two.changes == (9000,)


def test_a_hold_is_drawn_as_such_on_both_sides() -> None:
    held = replace(
        FORWARDED,
        ladder=(
            *FORWARDED.ladder[:-1],
            line(10000, "two", False, "INVITE sip:b2bua SIP/2.0 (2;sendonly)"),
            line(10020, "caller", True, "INVITE sip:c SIP/2.0 (1;sendonly)"),
            line(15000, "two", False, "INVITE sip:b2bua SIP/2.0 (3)"),
            line(15010, "caller", True, "INVITE sip:c SIP/2.0 (2)"),
            line(18000, "two", False, "UPDATE sip:b2bua SIP/2.0 (4;inactive)"),
            line(20000, "two", False, "BYE sip:b2bua SIP/2.0 (5)"),
        ),
    )
    caller, _, two = rows(held)
    assert caller.spans[-1] == Span("hold", 10020, 15010)
    assert two.spans[-2:] == (Span("hold", 10000, 15000), Span("hold", 18000, 20000))
    assert two.changes == (9000, 15000)
    assert 'class="hold"' in picture(held, Words("zh"))


def test_people_are_named_and_words_fit_into_their_bars() -> None:
    drawn = picture(FORWARDED, Words("zh"), {"two": "王敏"})
    assert ">王敏<" in drawn
    assert ">one<" in drawn
    assert 'class="in talk"' in drawn
    assert 'class="in setup"' not in drawn


def test_without_messages_the_order_and_the_ringing_are_known() -> None:
    bare = replace(
        FORWARDED,
        ladder=(),
        attempts=(attempt("one", "no-answer", 4000), attempt("two", "busy", 500)),
    )
    _, one, two = rows(bare)
    assert one.spans == (Span("ring", 0, 4000),)
    assert two.spans == (Span("ring", 4000, 4500),)


def test_what_we_answer_ourselves_is_neither_ringing_nor_talk() -> None:
    message = replace(
        FORWARDED, destination_answered_at=None, talk_ms=0, attempts=(), ladder=()
    )
    (caller,) = rows(message)
    assert caller.spans[-1] == Span("served", 5000, 20000)


def test_a_refused_call_has_a_picture_too() -> None:
    refused = record("r", invite_at=AT, ended_at=AT, attempts=(), ladder=())
    assert "<svg" in picture(refused, Words("en"))


def test_names_of_destinations_are_escaped() -> None:
    odd = replace(
        FORWARDED, ladder=(), attempts=(attempt('<b>"x', "busy", 5000),), ended_at=AT
    )
    drawn = picture(odd, Words("zh"))
    assert "<b>" not in drawn
    assert "style=" not in drawn


async def test_a_calls_page_tells_everything(ours: httpx.AsyncClient) -> None:
    text = (await ours.get("/calls/ours-0", headers=ENGLISH)).text
    for words in ("Timeline", "Why it went there", "The charge", "SIP messages", "<svg"):
        assert words in text


@pytest.fixture
async def recorded(portal: Portal, tmp_path: Path) -> Portal:
    """A call of ours and one of theirs with sound."""
    (tmp_path / "talk.wav").write_bytes(SOUND)
    now = datetime.now(UTC)
    await Records(portal.database).add(
        [
            called("sounding", now, recording="talk.wav", recording_ms=4000),
            called("elsewhere", now, recording="other.wav", recording_ms=4000),
            called("odd", now, recording="../talk.wav", recording_ms=4000),
            called("theirs", now, number=THEIRS, recording="talk.wav", recording_ms=4000),
        ]
    )
    return replace(portal, recordings=tmp_path)


async def acts(portal: Portal) -> list[tuple[str, str, str]]:
    noted = await portal.audit.of(OURS)
    return [(one.act, one.subject, one.detail) for one in noted]


async def test_a_recording_is_heard_whole_and_in_part(recorded: Portal) -> None:
    async with signed_in(recorded) as client:
        end = {"range": "bytes=1-"}
        tail = await client.get("/calls/sounding/recording.wav", headers=end)
        assert tail.content == SOUND[1:], "all but a byte is heard, and noted"
        whole = await client.get("/calls/sounding/recording.wav")
        assert (whole.status_code, whole.content) == (200, SOUND)
        assert whole.headers["content-type"] == "audio/wav"
        part = await client.get(
            "/calls/sounding/recording.wav", headers={"range": "bytes=100-199"}
        )
        assert (part.status_code, part.content) == (206, SOUND[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(SOUND)}"
        text = (await client.get("/calls/sounding")).text
        assert 'src="/calls/sounding/recording.wav"' in text
        other = (await client.get("/calls/elsewhere", headers=ENGLISH)).text
        assert "<audio" not in other
        assert "node n1 kept it" in other
        said = (await client.get("/api/calls/elsewhere/recording.wav")).json()
        assert "node n1" in said["detail"]
    heard = [one for one in await acts(recorded) if one[0] == "listened to a recording"]
    assert heard == [("listened to a recording", "sounding", "recording")]


@pytest.mark.parametrize(
    "path",
    [
        "theirs/recording.wav",
        "elsewhere/recording.wav",
        "odd/recording.wav",
        "sounding/voicemail.wav",
        "sounding/else.wav",
        "nowhere/recording.wav",
    ],
)
async def test_no_other_sound_is_to_be_had(recorded: Portal, path: str) -> None:
    async with signed_in(recorded) as client:
        assert (await client.get(f"/calls/{path}")).status_code == 404


async def test_who_may_only_look_may_not_listen(recorded: Portal) -> None:
    await Accounts(recorded.database).add(OURS, "anna", Role.VIEWER, PASSWORD)
    async with client_of(recorded) as client:
        given = {"number": OURS, "user": "anna", "password": PASSWORD}
        assert (await client.post("/api/session", json=given)).status_code == 200
        assert (await client.get("/calls/sounding/recording.wav")).status_code == 403
        assert "<audio" not in (await client.get("/calls/sounding")).text


async def test_the_file_holds_what_the_database_holds(portal: Portal) -> None:
    async with signed_in(portal) as client:
        answer = await client.get("/calls/file", headers=ENGLISH)
        assert answer.headers["content-type"].startswith("text/csv")
        assert "attachment" in answer.headers["content-disposition"]
        head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        stored = [one async for one in Records(portal.database).calls(OURS)]
        assert [line[head.index("Call")] for line in lines] == [one.id for one in stored]
        assert {line[head.index("Caller")] for line in lines} == {"138****8000"}
        assert [float(line[head.index("Fee (yuan)")]) for line in lines] == [
            one.fee / 1000 for one in stored
        ]
        none = await client.get("/calls/file", params={"outcome": "busy"})
        assert len(none.content.decode("utf-8-sig").splitlines()) == 1
        await client.put("/api/session", json={"reveal": True})
        assert "13800138000" in (await client.get("/calls/file")).text
    told = [
        detail
        for act, subject, detail in await acts(portal)
        if (act, subject) == ("exported", "calls")
    ]
    assert told == [
        "csv, whole numbers",
        "csv, masked numbers outcome=busy",
        "csv, masked numbers",
    ]


async def test_many_calls_come_in_pages(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.web.calls.FILE_PAGE", 2)
    async with signed_in(portal) as client:
        lines = (await client.get("/calls/file")).text.splitlines()
        assert len(lines) == 1 + 5
        monkeypatch.setattr(callfiles, "MOST_ROWS", 3)
        assert len((await client.get("/calls/file")).text.splitlines()) == 1 + 3


async def test_no_cell_is_a_formula(portal: Portal) -> None:
    odd = called("odd", datetime.now(UTC), route="=1+1", destination="@SUM(A1)")
    await Records(portal.database).add([odd])
    async with signed_in(portal) as client:
        text = (await client.get("/calls/file")).text
        assert ",'=1+1," in text
        assert ",'@SUM(A1)," in text
        book = await client.get("/calls/file", params={"format": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(book.content)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in sheet


async def test_only_known_kinds_of_files(ours: httpx.AsyncClient) -> None:
    answer = await ours.get("/calls/file", params={"format": "exe"})
    assert answer.status_code == 422


async def test_missed_calls_are_asked_for_in_one(
    portal: Portal, ours: httpx.AsyncClient
) -> None:
    missed = (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.ABANDONED)
    now = datetime.now(UTC)
    await Records(portal.database).add(
        [called(f"missed-{one.value}", now, outcome=one) for one in missed]
    )
    page = await ours.get("/calls?outcome=missed")
    assert set(re.findall(r'href="/calls/([\w-]+)"', page.text)) == {
        f"missed-{one.value}" for one in missed
    }
