"""The API's description: every way tells what it answers, refusals too, and who may ask."""

import re

import pytest

from b2bua.web.described import ANSWERS, BODIES, OPEN, OTHERS, PACED, PUBLISHING
from tests.web.holding import described

OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, ways in described()["paths"].items()
    for method, operation in ways.items()
}


@pytest.mark.parametrize("way", sorted(OPERATIONS))
def test_a_way_tells_what_it_answers(way: str) -> None:
    answers = OPERATIONS[way]["responses"]
    good = [status for status in answers if status.startswith("2")]
    assert len(good) == 1
    content = answers[good[0]].get("content", {})
    assert content or good == ["204"]
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        shape = described()["components"]["schemas"][name]
        assert shape["properties"], "a client generator makes a type of it"
    assert answers.keys() >= {"401", "403", "503"}
    said = [one for status, one in answers.items() if status > "3"]
    assert all("application/json" in one["content"] for one in said)
    assert (way in PACED) == ("429" in answers)
    assert ("requestBody" in OPERATIONS[way]) <= answers.keys().__ge__({"413", "422"})
    assert ("{" in way) <= ("404" in answers)
    security = OPERATIONS[way]["security"]
    assert security == ([] if way in OPEN else [{"cookie": []}, {"token": []}])


def test_the_tables_name_ways_that_are() -> None:
    for table in (ANSWERS, OTHERS, BODIES, PUBLISHING, PACED, OPEN):
        assert {*table} <= OPERATIONS.keys()


def test_every_reference_leads_somewhere() -> None:
    known = described()["components"]["schemas"]
    for name in re.findall(r"#/components/schemas/([^\"\']+)", str(described())):
        assert name in known
    assert not [name for name in known if "Validation" in name]
    assert described()["components"]["securitySchemes"].keys() == {"cookie", "token"}
