"""``b2bua areas`` and ``b2bua calendar``, and what ``doctor`` says of old data."""

import json

from tests.cli.conftest import CONTRACT, Shell

AREAS = "prefix,area,province\n1380013,0755,广东\n139,0898,海南\n"


def test_an_imported_area_table_decides(shell: Shell) -> None:
    shell.run("apply", shell.file("plan.yaml", CONTRACT))
    asked = ("explain", "4006001234", "--from", "13800130000", "--json")
    assert json.loads(shell.run(*asked))["area"] == "010"
    file = shell.file("mine.csv", AREAS)
    said = shell.run("areas", "import", file, "--dated", "2026-11-01")
    assert said == "2 prefixes of 2 areas as of 2026-11-01\n"
    assert shell.run("areas", "show").startswith("mine.csv as of 2026-11-01")
    assert json.loads(shell.run(*asked))["area"] == "0755"
    assert "area table" not in shell.run("doctor")
    old = shell.run("areas", "import", file, "--dated", "2020-01-01")
    assert old.endswith("2020-01-01\n")
    assert "note data: the area table is of 2020-01-01" in shell.run("doctor")
    shell.run("areas", "withdraw")
    assert "came along" in shell.run("areas", "show")


def test_area_tables_that_are_refused(shell: Shell) -> None:
    file = shell.file("mine.csv", AREAS)
    assert "--dated" in shell.run("areas", "import", file, status=2)
    assert "no date" in shell.run("areas", "import", file, "--dated", "May", status=2)
    bad = shell.file("bad.csv", "139,0755\n138,nowhere\n")
    said = shell.run("areas", "import", bad, "--dated", "2026-11-01", status=1)
    assert "bad.csv: line 2: 'nowhere' is no area code" in said
    shell.run("areas", "import", "none.csv", status=2)


def test_a_calendar_is_imported_shown_and_seeded_again(shell: Shell) -> None:
    text = "date,workday\n2026-01-01,false\n2026-01-02,false\n2026-01-04,true\n"
    said = shell.run("calendar", "import", shell.file("2026.csv", text))
    assert said == "2026: 2 holidays, 1 make-up workdays\n"
    shown = shell.run("calendar", "show", "2026").splitlines()
    assert shown[0].startswith("2026, from 2026.csv on ")
    assert shown[1:] == ["休 01-01 Thu to 01-02 Fri", "班 01-04 Sun"]
    rows = shell.run("calendar", "show", "2026", "--json").splitlines()
    assert json.loads(rows[2]) == {"date": "2026-01-04", "workday": True}
    assert "2026:" in shell.run("calendar", "seed")
    again = shell.run("calendar", "show", "2026").splitlines()
    assert again[0].startswith("2026, from chinesecalendar on ")
    assert "休 10-01 Thu to 10-07 Wed" in again


def test_calendars_that_are_refused(shell: Shell) -> None:
    part = shell.file("part.csv", "2027-05-01,false\n")
    said = shell.run("calendar", "import", part, status=1)
    assert "2027 lacks its New Year's Day" in said
    assert "the calendar has no 1999" in shell.run("calendar", "show", "1999", status=1)
