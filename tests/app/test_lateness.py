"""Operators hear of a loop that is often late, and of no hiccup."""

from b2bua.app.lateness import LATE, OFTEN, SPAN, VERY_LATE, Lateness
from b2bua.store.nodes import Alarm, Complaint


def told(lateness: Lateness, now: float) -> list[Alarm]:
    return list(lateness.alarms(now))


def test_a_hiccup_is_no_alarm() -> None:
    lateness = Lateness()
    lateness.add(VERY_LATE - 0.1, 10.0)
    for place in range(100):
        lateness.add(LATE, 10.0 + place / 10)
    assert told(lateness, 20.0) == []


def test_many_hiccups_are_one() -> None:
    lateness = Lateness()
    for place in range(OFTEN):
        assert told(lateness, float(place)) == []
        lateness.add(0.3, float(place))
    (alarm,) = told(lateness, float(OFTEN))
    assert alarm.kind is Complaint.LAG
    assert alarm.detail == "12x in a minute, 0.3 s at most"
    assert told(lateness, SPAN) == [], "one of them is forgotten"


def test_a_long_pause_is_one_and_passes() -> None:
    lateness = Lateness()
    lateness.add(2.0, 100.0)
    assert len(told(lateness, 100.0 + SPAN - 1)) == 1
    assert told(lateness, 100.0 + SPAN) == []
