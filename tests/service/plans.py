"""The plan that the documentation shows, and the parts that tests change in it."""

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Calendar, Group, Mode, Plan
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known

PLAN_TEXT: Final = """\
number: "4006001234"
name: 常德博易
timezone: Asia/Shanghai
language: zh                          # of the system announcements; en too
tariff: standard                      # 0.40 yuan per started minute
greeting: welcome                     # while ringing
destinations:
  sales-1:   {number: "02088886001", trunk: unicom, ring: 15, concurrent: 2}
  sales-2:   {number: "02088886002", trunk: unicom}
  support:   {number: "02088886003", trunk: unicom}
  duty:      {number: "13900001111", trunk: unicom}
screening:
  blacklist: ["13800138000", "0736*"]
  whitelist: ["13900009999"]
  areas: {deny: ["0898"]}             # or allow: [...]; area codes or provinces
  anonymous: accept                   # or reject
password: ""                          # 4 to 8 digits
announcements: all                    # or none: refusals go straight to the final response
limits: {calls_per_month: 10000, calls_per_week: 3000, spend_per_month: "500.00"}
forwarding: {busy: [support, duty], no_answer: [duty], max_forwards: 2}
menus:
  main: {prompt: menu, timeout: 5, retries: 2, keys: {"1": sales, "2": support}, otherwise: support}
routes:                               # first match wins; the last has no conditions
  - {name: office hours, when: {days: Mon-Fri, hours: "09:00-17:59", workday: true}, to: {menu: main}}
  - {name: south, when: {areas: ["0755", "广东"]}, to: {percent: {sales-1: 70, sales-2: 30}}}
  - {name: otherwise, to: duty}
groups:
  sales: {percent: {sales-1: 70, sales-2: 30}}      # or order: [...], rotate:, random:, all:
"""  # noqa: E501, as the documentation has it

KNOWN: Final = Known(trunks=("unicom",), tariffs=("standard",), prompts=("welcome", "menu"))

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

CALENDAR: Final = Calendar(
    holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
    workdays=frozenset((date(2026, 9, 20), date(2026, 10, 10))),
    years=frozenset((2026,)),
)
"""The National Day of 2026: a week off, paid with a Sunday before and a Saturday after."""


@cache
def the_plan() -> Plan:
    """The plan of the documentation."""
    read = read_plans(PLAN_TEXT, "plan.yaml", KNOWN)
    assert isinstance(read, tuple), read
    return read[0]


def with_group(mode: Mode, **members: int) -> Plan:
    """The plan with another group ``sales``; weights count for PERCENT alone."""
    named = tuple((name.replace("_", "-"), weight) for name, weight in members.items())
    plan = the_plan()
    return replace(
        plan, groups={**plan.groups, "sales": Group(name="sales", mode=mode, members=named)}
    )


def at(text: str) -> datetime:
    """A moment in Shanghai: ``2026-10-01 09:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def caller_from(area: str = "", province: str = "", number: str = "") -> Caller:
    """A mobile caller from somewhere."""
    return Caller(
        number=number or "13712345678",
        kind=CallerKind.MOBILE,
        area=area,
        province=province,
    )
