"""What the report says, in Chinese and in English; and how it writes figures.

Words are looked up by a short key. What comes from records (names, reasons that nobody
listed here) is passed on as it is: who renders it escapes it.
"""
# ruff: noqa: RUF001  # Chinese punctuation is meant

import enum
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from b2bua.service.record import Outcome


class Language(enum.Enum):
    """A language of the report."""

    ZH = "zh"
    EN = "en"


WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("话务分析", "Call analysis"),
    "summary": ("总览", "Summary"),
    "advice": ("建议", "Advice"),
    "because": ("依据", "Why"),
    "trend": ("每日趋势", "Day by day"),
    "heat": ("时段分布（星期 × 小时）", "Hours and weekdays"),
    "hours": ("各时段话务与线路", "Lines through the day"),
    "lines": ("并发与线路", "Concurrency and lines"),
    "destinations": ("目的码", "Destinations"),
    "shares": ("比例分配", "Shares by percentage"),
    "areas": ("主叫归属地", "Where callers are"),
    "provinces": ("主叫省份", "Provinces"),
    "routes": ("路由", "Routes"),
    "keys": ("语音导航按键", "Menu keys"),
    "reasons": ("未接通原因", "Why calls were not answered"),
    "callers": ("重复来电与流失", "Repeat and lost callers"),
    "most": ("来电最多的主叫", "Callers with most calls"),
    "missed_list": ("漏话", "Missed calls"),
    "figure": ("指标", "Figure"),
    "value": ("本月", "This month"),
    "value_before": ("上月", "Month before"),
    "value_before_part": ("上月同期", "Month before, same span"),
    "change": ("变化", "Change"),
    "calls": ("呼叫次数", "Calls"),
    "answered": ("接通", "Answered"),
    "busy": ("遇忙", "Busy"),
    "no_answer": ("无应答", "No answer"),
    "abandoned": ("主叫放弃", "Abandoned"),
    "refused": ("拒绝", "Refused"),
    "failed": ("失败", "Failed"),
    "missed": ("漏话合计", "Missed"),
    "connection": ("接通率", "Connection rate"),
    "talk": ("总通话时长", "Talk time"),
    "mean_talk": ("平均通话时长", "Mean talk time"),
    "mean_setup": ("平均接通等待", "Mean wait until answered"),
    "mean_wait": ("放弃前平均等待", "Mean wait until abandoned"),
    "fee": ("企业话费（元）", "Enterprise fee (yuan)"),
    "caller_fee": ("主叫话费估算（元）", "Callers' fee, estimate (yuan)"),
    "day": ("日期", "Day"),
    "peak": ("并发峰值", "Peak"),
    "weekday": ("星期", "Weekday"),
    "hour": ("时段", "Hour"),
    "carried": ("承载话务量（Erl）", "Carried (Erl)"),
    "offered": ("需求话务量（Erl）", "Offered (Erl)"),
    "area": ("区号", "Area code"),
    "province": ("省份", "Province"),
    "unknown": ("未知", "unknown"),
    "destination": ("目的码", "Destination"),
    "attempts": ("呼出次数", "Attempts"),
    "unreachable": ("不可达", "Unreachable"),
    "cancelled": ("取消", "Given up"),
    "skipped": ("跳过", "Passed over"),
    "mean_ring": ("平均振铃", "Mean ringing"),
    "group": ("组", "Group"),
    "version": ("方案版本", "Plan version"),
    "target": ("目标", "Target"),
    "assigned": ("首次分配", "First assigned"),
    "actual": ("实际", "Actual"),
    "route": ("路由", "Route"),
    "no_route": ("（未到路由）", "(none reached)"),
    "menu": ("菜单", "Menu"),
    "key": ("按键", "Key"),
    "to": ("去向", "Leads to"),
    "presses": ("按键次数", "Presses"),
    "outcome": ("结果", "Outcome"),
    "reason": ("原因", "Reason"),
    "peak_calls": ("同时在线呼叫峰值", "Most calls up at once"),
    "peak_lines": ("同时占用线路峰值", "Most lines held at once"),
    "at": ("时间", "When"),
    "busy_hour": ("最忙一小时开始于", "Busy hour begins"),
    "asked_1": ("呼损 1 % 所需线路", "Lines for 1 % blocking"),
    "asked_5": ("呼损 5 % 所需线路", "Lines for 5 % blocking"),
    "configured": ("方案允许的线路", "Lines the plan allows"),
    "unlimited": ("不限", "no limit"),
    "distinct": ("不同主叫", "Distinct callers"),
    "repeat": ("重复来电主叫", "Callers who called again"),
    "repeat_calls": ("其呼叫次数", "Their calls"),
    "lost": ("流失主叫（一天内未再来电）", "Lost callers (not back within a day)"),
    "undecided": ("待定（未满一天）", "Undecided (the day is not over)"),
    "caller": ("主叫", "Caller"),
    "hidden": ("匿名", "anonymous"),
    "last_at": ("最近来电", "Last call"),
    "waited": ("等待", "Waited"),
    "later": ("后来接通", "Answered later"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "none": ("无", "none"),
    "so_far": ("截至", "until"),
    "made": ("生成于", "made"),
    "before": ("四周前", "Four weeks before"),
    "against": ("较上月", "vs month before"),
    "against_part": ("较上月同期", "vs same span before"),
    "per_hour": ("每小时呼叫", "calls an hour"),
    "nothing": ("本月没有呼叫。", "There were no calls in this month."),
    "shown": ("仅列出最近", "only the latest are listed:"),
    "less": ("少", "fewer"),
    "more": ("多", "more"),
    "units": (
        "时长以秒计；比例 1 即 100 %",
        "Durations are in seconds; of shares, 1 is 100 %",
    ),
    "further": ("其余", "Further:"),
    "mean": ("平均", "Mean"),
    "table": ("数据表", "Table"),
    "masked": ("号码已部分隐藏。", "Numbers are partly hidden."),
    "full": (
        "含完整主叫号码：属个人信息，请妥善保管。",
        "With full numbers: personal data.",
    ),
    "missed_rest": ("未接通（漏话）", "Missed"),
    "other": ("其他", "Other"),
    "attached": (
        "附件：完整报告（HTML，用浏览器打开）与数据表（XLSX）。",
        "Attached: the whole report (HTML, for a browser) and its tables (XLSX).",
    ),
}
"""Chinese and English by key."""

WEEKLY: Final[Mapping[str, tuple[str, str]]] = {
    "value": ("本周", "This week"),
    "value_before": ("上周", "Week before"),
    "value_before_part": ("上周同期", "Week before, same span"),
    "before": ("一周前", "A week before"),
    "against": ("较上周", "vs week before"),
    "against_part": ("较上周同期", "vs same span before"),
    "nothing": ("本周没有呼叫。", "There were no calls in this week."),
}
"""What is said otherwise of a week."""

REASONS: Final[Mapping[str, str]] = {
    "number unknown": "号码不存在",
    "suspended": "号码停用",
    "blacklist": "黑名单",
    "area": "地区阻截",
    "anonymous": "匿名来电",
    "frequency": "呼叫过频",
    "password": "密码错误",
    "no route": "非服务时间",
    "menu": "未按键",
    "destination limit": "目的码并发已满",
    "all destinations busy": "全部目的码忙",
    "destination hours": "目的码非服务时间",
    "no destination": "无可用目的码",
    "nobody answered": "无人接听",
    "every outbound trunk failed": "出局中继失败",
    "overload": "系统过载",
    "month cap": "月次数上限",
    "week cap": "周次数上限",
    "spend cap": "月费用上限",
    "cap unknown": "额度未知",
    "caller gave up": "主叫挂机",
    "media_lost": "媒体中断",
    "our fault": "系统故障",
}
"""Reasons of records that have a Chinese word."""

_OUTCOMES: Final = {
    Outcome.ANSWERED: "answered",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.ABANDONED: "abandoned",
    Outcome.REFUSED: "refused",
    Outcome.FAILED: "failed",
}
_WEEKDAYS: Final = {
    Language.ZH: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    Language.EN: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_LONG_WEEKDAYS: Final = (
    *("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
)


class Wording:
    """One language, of a month or of a week."""

    def __init__(self, language: Language, *, weekly: bool = False) -> None:
        self.language = language
        self._weekly = weekly
        self._place = 0 if language is Language.ZH else 1

    def __call__(self, key: str) -> str:
        """The words for a key of :data:`WORDS`."""
        found = WEEKLY.get(key) if self._weekly else None
        return (found or WORDS[key])[self._place]

    def outcome(self, outcome: Outcome) -> str:
        """How a call ended."""
        return self(_OUTCOMES[outcome])

    def reason(self, reason: str) -> str:
        """What ended it."""
        return REASONS.get(reason, reason) if self.language is Language.ZH else reason

    def weekday(self, weekday: int) -> str:
        """Monday is 0."""
        return _WEEKDAYS[self.language][weekday]


def weekday_hour(cell: int) -> tuple[str, str]:
    """A cell of the week in Chinese and in English: ``周一 10-11 点``."""
    weekday, hour = divmod(cell, 24)
    hours = f"{hour}-{hour + 1}"
    zh = f"{_WEEKDAYS[Language.ZH][weekday]} {hours} 点"
    return zh, f"{_LONG_WEEKDAYS[weekday]} at {hours}"


def clock(milliseconds: int | Fraction) -> str:
    """A duration to the whole second, the nearest: ``1:02:03``, ``2:03``."""
    seconds = round(milliseconds / Fraction(1000))
    hours, rest = divmod(seconds, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"


def percent(share: Fraction | None) -> str:
    """A share to a tenth of a percent; a dash if there is none."""
    return "-" if share is None else f"{float(share * 100):.1f} %"


def stamp(at: datetime) -> str:
    """A moment to the second, on the clocks it is on."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def printable(text: str) -> str:
    """The text without what a terminal or a browser would act on."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one)[0] == "C" else one
        for one in text
    )


def width(text: str) -> int:
    """Columns that the text takes."""
    return sum(0 if unicodedata.combining(one) else 2 if _wide(one) else 1 for one in text)


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")
