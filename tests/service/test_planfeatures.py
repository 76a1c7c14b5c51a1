"""What plans say of recordings and messages, read and written, and what is found in it."""

import pytest

from b2bua.service.plan import Legs, Plan, Queue, Recording, ToVoicemail, Voicemail
from b2bua.service.planfile import (
    plan_from_mapping,
    plan_to_mapping,
    plan_to_yaml,
    read_plans,
)
from b2bua.service.planreading import Known

KNOWN = Known(trunks=("unicom",), tariffs=("standard",), prompts=("welcome", "voicemail"))
BASE = """\
number: "4006001234"
destinations:
  desk: {number: "02088886001", trunk: unicom}
  duty: {number: "13900001111", trunk: unicom}
"""
ROUTES = "routes: [{name: all, to: desk}]\n"


def read(text: str) -> Plan:
    found = read_plans(BASE + text, "plan.yaml", KNOWN)
    assert isinstance(found, tuple), found
    (plan,) = found
    again = read_plans(plan_to_yaml(plan), "again.yaml", KNOWN)
    assert again == (plan,)
    assert plan_from_mapping(plan_to_mapping(plan)) == plan
    return plan


def complaints(text: str) -> list[tuple[str, str]]:
    found = read_plans(BASE + text, "plan.yaml", KNOWN)
    assert isinstance(found, list), "nothing was found"
    return [(one.field, one.message) for one in found]


@pytest.mark.parametrize(
    ("text", "recording"),
    [
        ("", None),
        ("recording: {}\n", Recording(notice=True, legs=Legs.BOTH)),
        ("recording: {notice: true, legs: both}\n", Recording()),
        (
            "recording: {notice: false, legs: caller}\n",
            Recording(notice=False, legs=Legs.CALLER),
        ),
        ("recording: {legs: destination}\n", Recording(legs=Legs.DESTINATION)),
    ],
)
def test_recording(text: str, recording: Recording | None) -> None:
    assert read(ROUTES + text).recording == recording


def test_voicemail_as_a_route_a_key_and_the_last_resort() -> None:
    plan = read(
        """\
forwarding: {no_answer: [duty], voicemail: true}
menus:
  main: {prompt: welcome, keys: {"1": desk, "9": {voicemail: true}}}
voicemail: {prompt: welcome, seconds: 60}
routes:
  - {name: day, when: {hours: "09:00-17:59"}, to: {menu: main}}
  - {name: night, to: {voicemail: true}}
"""
    )
    assert plan.forwarding.voicemail
    assert plan.menus["main"].keys["9"] == ToVoicemail()
    assert plan.routes[1].to == ToVoicemail()
    assert plan.voicemail == Voicemail(prompt="welcome", seconds=60)


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("order: [desk]", None),
        ("order: [desk], queue: {}", Queue(music="", max_wait=60, announce=20)),
        (
            "percent: {desk: 100}, queue: {music: welcome, max_wait: 90, announce: 15}",
            Queue(music="welcome", max_wait=90, announce=15),
        ),
    ],
)
def test_queues_of_groups_with_a_name_and_without(text: str, queue: Queue | None) -> None:
    named = read(f"groups: {{desks: {{{text}}}}}\nroutes: [{{name: all, to: desks}}]\n")
    assert named.groups["desks"].queue == queue
    inside = read(f"routes: [{{name: all, to: {{{text}}}}}]\n")
    assert inside.groups["route:all"].queue == queue


def test_destinations_that_are_asked() -> None:
    extra = (
        '  boss: {number: "02088886009", trunk: unicom, whisper: welcome, accept: true}\n'
    )
    boss = read(extra + ROUTES).destinations["boss"]
    assert (boss.whisper, boss.accept) == ("welcome", True)
    desk = read(ROUTES).destinations["desk"]
    assert (desk.whisper, desk.accept) == ("", False)


@pytest.mark.parametrize("survey", [True, False])
def test_survey(survey: bool) -> None:
    assert read(ROUTES + f"survey: {str(survey).lower()}\n").survey is survey


def test_what_is_left_unsaid() -> None:
    plan = read(ROUTES)
    assert not plan.survey
    assert not plan.forwarding.voicemail
    assert plan.voicemail == Voicemail(prompt="voicemail", seconds=120)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        (ROUTES + "survey: 5\n", "survey", "true or false"),
        (ROUTES + "recording: true\n", "recording", "must be a mapping"),
        (ROUTES + "recording: {notice: 1}\n", "recording.notice", "true or false"),
        (ROUTES + "recording: {legs: ears}\n", "recording.legs", "write one of: both"),
        (ROUTES + "recording: {days: 3}\n", "recording.days", "unknown key"),
        (
            '  x: {number: "02088886009", trunk: unicom, accept: 1}\n' + ROUTES,
            "destinations.x.accept",
            "true or false",
        ),
        (
            '  x: {number: "02088886009", trunk: unicom, whisper: hush}\n' + ROUTES,
            "destinations.x.whisper",
            "no prompt 'hush'",
        ),
        (ROUTES + "voicemail: {seconds: 4}\n", "voicemail.seconds", "5 to 600"),
        (ROUTES + "voicemail: {seconds: 601}\n", "voicemail.seconds", "5 to 600"),
        (ROUTES + "voicemail: {prompt: hi}\n", "voicemail.prompt", "no prompt 'hi'"),
        (
            ROUTES + "forwarding: {voicemail: yes please}\n",
            "forwarding.voicemail",
            "true or false",
        ),
        (
            "groups: {a: {order: [desk], queue: {max_wait: 4}}}\n",
            "groups.a.queue.max_wait",
            "5",
        ),
        ("groups: {a: {order: [desk], queue: true}}\n", "groups.a.queue", "a mapping"),
        ("groups: {a: {queue: {}}}\n", "groups.a", "give one mode"),
        (
            "groups: {a: {order: [desk], queue: {music: x}}}\n",
            "groups.a.queue.music",
            "no p",
        ),
        ("routes: [{name: all, to: {queue: {}}}]\n", "routes[0].to", "give one of"),
        (
            "routes: [{name: all, to: {menu: m, queue: {}}}]\n",
            "routes[0].to",
            "give one of",
        ),
        (
            "routes: [{name: all, to: {voicemail: false}}]\n",
            "routes[0].to.voicemail",
            "write {voicemail: true}",
        ),
        (
            "routes: [{name: all, to: {voicemail: true, menu: main}}]\n",
            "routes[0].to",
            "give one of: menu, voicemail",
        ),
    ],
)
def test_what_is_found(text: str, field: str, message: str) -> None:
    assert any(f == field and message in m for f, m in complaints(text))
