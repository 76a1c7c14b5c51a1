"""Advice in plain words, each with the figures it follows from.

A rule is a function from figures to advice. It speaks only when its figures pass a
threshold that is written beside it, names the place and the number, and says what to do;
a month in which nothing stands out gets no advice.
"""
# ruff: noqa: RUF001  # Chinese punctuation is meant

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from b2bua.report.erlang import blocking, lines_for
from b2bua.report.figures import DestinationFigures, Figures
from b2bua.report.wording import REASONS, Language, clock, percent, weekday_hour
from b2bua.service.record import Outcome


@dataclass(frozen=True, slots=True)
class Saying:
    """What to do, and the figures that say so."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice in both languages."""

    rule: str
    """Which rule gave it: ``lines``, ``no-answer`` …"""
    zh: Saying
    en: Saying

    def said(self, language: Language) -> Saying:
        """In one language."""
        return self.zh if language is Language.ZH else self.en


Rule: TypeAlias = Callable[[Figures], Iterator[Advice]]

MOST_CELLS: Final = 3
"""Hours of the week that are named."""


def advise(figures: Figures) -> tuple[Advice, ...]:
    """Everything that stands out, what costs most calls first."""
    return tuple(advice for rule in RULES for advice in rule(figures))


def short_hours(figures: Figures) -> Iterator[Advice]:
    """Hours of the week in which at least 5 calls and 5 % found it busy."""
    short = [
        (one.busy, -cell)
        for cell, one in enumerate(figures.cells)
        if one.busy >= 5 and one.busy * 20 >= one.calls
    ]
    for busy, cell in sorted(short, reverse=True)[:MOST_CELLS]:
        yield _short_hour(figures, -cell, busy)


def _short_hour(figures: Figures, cell: int, busy: int) -> Advice:
    zh, en = weekday_hour(cell)
    load, calls = figures.lines.hours[cell], figures.cells[cell].calls
    configured = figures.lines.configured
    there = load.peak if configured is None else configured
    zh_there = "最多同时占用" if configured is None else "方案允许"
    en_there = "at most {} were in use" if configured is None else "the plan allows {}"
    asked = lines_for(load.offered, 0.01)
    rate = percent(Fraction(busy, calls))
    zh_why = (
        f"该时段 {calls} 个呼叫中 {busy} 个遇忙（{rate}）；需求 {load.offered:.2f} Erl，"
    )
    zh_why += f"呼损 1 % 需 {asked} 线，{zh_there} {there} 线。"
    en_why = f"{busy} of {calls} calls then found it busy ({rate}); {load.offered:.2f} Erl "
    en_why += f"offered ask for {asked} lines at 1 % blocking, {en_there.format(there)}."
    if asked > there:
        more = asked - there
        lines = "line" if more == 1 else "lines"
        zh_what, en_what = f"{zh}线路不足：增加 {more} 线。", f"Add {more} {lines} on {en}."
    else:
        zh_what = f"{zh}线路够用却遇忙：检查各目的码的并发限制和遇忙转移。"
        en_what = f"On {en} callers find it busy though lines are enough: look at the "
        en_what += "destinations' limits and at forwarding on busy."
    return Advice(rule="lines", zh=Saying(zh_what, zh_why), en=Saying(en_what, en_why))


def few_lines(figures: Figures) -> Iterator[Advice]:
    """The plan allows fewer lines than the busy hour asks for at 5 %."""
    found = figures.lines
    there, busy = found.configured, found.busy_hour
    if there is None or busy is None or found.asked_5 <= there:
        return
    lost = percent(Fraction(blocking(there, busy.offered)))
    when = f"{busy.begins:%Y-%m-%d %H:%M}"
    yield Advice(
        rule="busy-hour",
        zh=Saying(
            f"并发上限从 {there} 提高到 {found.asked_1}，最忙时也只有 1 % 遇忙。",
            f"最忙一小时（{when} 起）需求 {busy.offered:.2f} Erl，"
            f"{there} 线约有 {lost} 遇忙；呼损 5 % 需 {found.asked_5} 线。",
        ),
        en=Saying(
            f"Raise the plan's lines from {there} to {found.asked_1}: then 1 % find it "
            "busy, even in the busy hour.",
            f"The busy hour (from {when}) offered {busy.offered:.2f} Erl; with {there} "
            f"lines about {lost} are blocked, and 5 % would take {found.asked_5} lines.",
        ),
    )


def closed_hours(figures: Figures) -> Iterator[Advice]:
    """At least 5 calls, and 1 % of all, came out of hours; a fifth at one time: then."""
    closed = sum(figures.closed)
    if closed < 5 or closed * 100 < figures.totals.calls:
        return
    most = max(range(168), key=lambda cell: figures.closed[cell])
    zh, en = weekday_hour(most)
    rate = percent(Fraction(closed, figures.totals.calls))
    there = figures.closed[most]
    if there < 3 or there * 5 < closed:
        yield Advice(
            rule="out-of-hours",
            zh=Saying(
                "把服务时间之外的呼叫转到值班手机。",
                f"{closed} 个呼叫（{rate}）在服务时间之外被拒，分散在各时段。",
            ),
            en=Saying(
                "Send calls out of hours to a duty phone.",
                f"{closed} calls ({rate}) came out of hours and were refused, spread out.",
            ),
        )
        return
    yield Advice(
        rule="out-of-hours",
        zh=Saying(
            f"把服务时间扩展到{zh}，或在该时段转值班手机。",
            f"{closed} 个呼叫（{rate}）在服务时间之外被拒，其中 {there} 个在{zh}。",
        ),
        en=Saying(
            f"Open on {en}, or send calls to a duty phone then.",
            f"{closed} calls ({rate}) came out of hours and were refused, {there} of them "
            f"on {en}.",
        ),
    )


def silent_destinations(figures: Figures) -> Iterator[Advice]:
    """A destination of 20 attempts or more let a fifth of them ring out."""
    for one in figures.destinations:
        if one.ended < 20 or one.no_answer * 5 < one.ended:
            continue
        rate = percent(Fraction(one.no_answer, one.ended))
        zh = f"{one.name} 无人接听多：安排接听人员，或在组内后移。"
        en = (
            f"{one.name} often rings out: put somebody there, or put it later in its group."
        )
        yield Advice(
            rule="no-answer",
            zh=Saying(zh, f"{one.ended} 次呼出中 {one.no_answer} 次无应答（{rate}）。"),
            en=Saying(en, f"{one.no_answer} of {one.ended} attempts rang out ({rate})."),
        )


def busy_destinations(figures: Figures) -> Iterator[Advice]:
    """A destination of 20 attempts or more was busy for a fifth of them."""
    for one in figures.destinations:
        if one.ended < 20 or one.busy * 5 < one.ended:
            continue
        rate = percent(Fraction(one.busy, one.ended))
        share = _share_of(figures, one)
        zh = f"{one.name} 常忙：给它加线，或把一部分呼叫分给别的目的码。"
        en = f"{one.name} is often busy: give it another line, or give others its calls."
        yield Advice(
            rule="busy",
            zh=Saying(
                zh, f"{one.ended} 次呼出中 {one.busy} 次遇忙（{rate}），{share[0]}。"
            ),
            en=Saying(en, f"{one.busy} of {one.ended} attempts ({rate}); {share[1]}."),
        )


def _share_of(figures: Figures, one: DestinationFigures) -> tuple[str, str]:
    total = sum(each.attempts for each in figures.destinations)
    rate = percent(Fraction(one.attempts, total))
    return f"它承担全部呼出的 {rate}", f"it gets {rate} of all attempts"


def unreachable_destinations(figures: Figures) -> Iterator[Advice]:
    """A destination could not be reached 5 times, and in 5 % of its attempts."""
    for one in figures.destinations:
        if one.unreachable < 5 or one.unreachable * 20 < one.ended:
            continue
        rate = percent(Fraction(one.unreachable, one.ended))
        yield Advice(
            rule="unreachable",
            zh=Saying(
                f"检查 {one.name} 的号码和中继。",
                f"{one.ended} 次呼出中 {one.unreachable} 次不可达（{rate}）。",
            ),
            en=Saying(
                f"Check the number and the trunk of {one.name}.",
                f"{one.unreachable} of {one.ended} attempts did not reach it ({rate}).",
            ),
        )


def impatient_callers(figures: Figures) -> Iterator[Advice]:
    """At least 10 callers, and a tenth of those admitted, gave up."""
    totals = figures.totals
    wait = totals.mean_wait_ms
    if wait is None or totals.abandoned < 10 or totals.abandoned * 10 < totals.admitted:
        return
    rate, after = percent(Fraction(totals.abandoned, totals.admitted)), clock(wait)
    yield Advice(
        rule="abandoned",
        zh=Saying(
            f"在 {after} 之内接听：缩短振铃时间和语音导航，或更早转移。",
            f"{totals.abandoned} 个主叫（{rate}）平均等待 {after} 后挂机。",
        ),
        en=Saying(
            f"Answer within {after}: shorten menus and ring times, or forward sooner.",
            f"{totals.abandoned} callers ({rate}) gave up, after {after} on average.",
        ),
    )


def lost_callers(figures: Figures) -> Iterator[Advice]:
    """At least 3 callers reached nobody and did not come back within a day."""
    callers = figures.callers
    if callers.lost < 3:
        return
    rate = percent(Fraction(callers.lost, callers.distinct))
    yield Advice(
        rule="lost",
        zh=Saying(
            "当天回拨漏话主叫，并开通漏话提醒。",
            f"{callers.distinct} 个主叫中 {callers.lost} 个（{rate}）"
            "最后一次来电未接通，一天内没有再来电。",
        ),
        en=Saying(
            "Call missed callers back on the same day, and have missed calls reported.",
            f"{callers.lost} of {callers.distinct} callers ({rate}) reached nobody with "
            "their last call, and did not call again within a day.",
        ),
    )


def capped_calls(figures: Figures) -> Iterator[Advice]:
    """Any call was refused by a cap."""
    for one in figures.reasons:
        if one.outcome is not Outcome.REFUSED or not one.reason.endswith(" cap"):
            continue
        cap = REASONS.get(one.reason, one.reason)
        yield Advice(
            rule="cap",
            zh=Saying(f"提高{cap}。", f"{one.calls} 个呼叫因{cap}被拒。"),
            en=Saying(f"Raise the {one.reason}.", f"It refused {one.calls} calls."),
        )


BLOCKS: Final = ("blacklist", "area", "anonymous", "frequency", "password")


def blocked_callers(figures: Figures) -> Iterator[Advice]:
    """A screening rule refused 10 calls, and a twentieth of all."""
    for one in figures.reasons:
        if one.outcome is not Outcome.REFUSED or one.reason not in BLOCKS:
            continue
        if one.calls < 10 or one.calls * 20 < figures.totals.calls:
            continue
        rate, zh = percent(Fraction(one.calls, figures.totals.calls)), REASONS[one.reason]
        yield Advice(
            rule="blocked",
            zh=Saying(
                f"核对“{zh}”规则是否挡住了客户。",
                f"它拒绝了 {one.calls} 个呼叫（{rate}）。",
            ),
            en=Saying(
                f"Look whether the rule '{one.reason}' keeps customers out.",
                f"It refused {one.calls} calls ({rate}).",
            ),
        )


def failed_calls(figures: Figures) -> Iterator[Advice]:
    """At least 3 calls, and a hundredth, failed."""
    totals = figures.totals
    if totals.failed < 3 or totals.failed * 100 < totals.calls:
        return
    rate = percent(Fraction(totals.failed, totals.calls))
    most = next(one for one in figures.reasons if one.outcome is Outcome.FAILED)
    zh = REASONS.get(most.reason, most.reason)
    yield Advice(
        rule="failed",
        zh=Saying(
            "请运营方检查中继和媒体。",
            f"{totals.failed} 个呼叫（{rate}）失败，其中 {most.calls} 个：{zh}。",
        ),
        en=Saying(
            "Have the operator look at trunks and media.",
            f"{totals.failed} calls ({rate}) failed, {most.calls} of them: {most.reason}.",
        ),
    )


def unused_keys(figures: Figures) -> Iterator[Advice]:
    """After 50 key presses in a menu some of its keys were never used."""
    for menu in sorted({one.menu for one in figures.keys if one.menu}):
        keys = [one for one in figures.keys if one.menu == menu]
        pressed = sum(one.presses for one in keys)
        never = [f"{one.key} ({one.to})" for one in keys if one.to and not one.presses]
        if pressed < 50 or not never:
            continue
        listed = ", ".join(never)
        yield Advice(
            rule="keys",
            zh=Saying(
                f"从菜单 {menu} 去掉按键 {listed}，导航会更短。",
                f"该菜单共 {pressed} 次按键，没有一次是它。",
            ),
            en=Saying(
                f"Take {listed} out of the menu {menu}: it will be shorter.",
                f"None of its {pressed} key presses was one of these.",
            ),
        )


def uneven_shares(figures: Figures) -> Iterator[Advice]:
    """After 100 first assignments a share is more than 2 points below its target."""
    for one in figures.shares:
        if one.target is None or one.of < 100:
            continue
        if (one.target - one.actual) * 50 <= 1:
            continue
        target, actual = percent(one.target), percent(one.actual)
        yield Advice(
            rule="shares",
            zh=Saying(
                f"检查组 {one.group} 各目的码的并发限制和服务时间："
                "跳过的份额归其他目的码。",
                f"{one.destination} 目标 {target}，实际 {actual}"
                f"（{one.assigned}/{one.of}）。",
            ),
            en=Saying(
                f"Look at limits and hours in the group {one.group}: the share of a "
                "destination that is passed over falls to the others.",
                f"{one.destination} should get {target} and got {actual} "
                f"({one.assigned} of {one.of}).",
            ),
        )


def moved_traffic(figures: Figures) -> Iterator[Advice]:
    """A fifth more or fewer calls than before, of 50 or more."""
    now, then = figures.totals.calls, figures.before.calls
    if then < 50 or abs(now - then) * 5 < then:
        return
    rate = percent(Fraction(abs(now - then), then))
    up = now > then
    zh = "按新的话务量重排值班。" if up else "查明来电减少的原因，并按新的话务量重排值班。"
    en = "Plan shifts for the new traffic." if up else "Find out why fewer people call."
    yield Advice(
        rule="trend",
        zh=Saying(zh, f"呼叫{'增加' if up else '减少'} {rate}：上月 {then}，本月 {now}。"),
        en=Saying(
            en, f"{rate} {'more' if up else 'fewer'} calls: {then} before, {now} now."
        ),
    )


def repeated_calls(figures: Figures) -> Iterator[Advice]:
    """At least 10 callers called again, and theirs are two fifths of all calls."""
    callers = figures.callers
    if callers.repeat < 10 or callers.repeat_calls * 5 < figures.totals.calls * 2:
        return
    each = float(Fraction(callers.repeat_calls, callers.repeat))
    yield Advice(
        rule="repeat",
        zh=Saying(
            "查明重复来电的原因，争取一次解决。",
            f"{callers.repeat} 个主叫重复来电，人均 {each:.1f} 次，"
            f"共 {callers.repeat_calls} 个呼叫。",
        ),
        en=Saying(
            "Find out why callers call again, and settle matters in one call.",
            f"{callers.repeat} callers called again, {each:.1f} times each: "
            f"{callers.repeat_calls} calls.",
        ),
    )


RULES: Final[tuple[Rule, ...]] = (
    short_hours,
    few_lines,
    capped_calls,
    closed_hours,
    impatient_callers,
    lost_callers,
    silent_destinations,
    busy_destinations,
    unreachable_destinations,
    failed_calls,
    blocked_callers,
    uneven_shares,
    unused_keys,
    repeated_calls,
    moved_traffic,
)
