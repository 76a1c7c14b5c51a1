"""The first page: calls now up, the day so far, caps."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "live": ("正在通话", "Calls now up"),
    "no_live": ("当前没有通话。", "No calls are up."),
    "refresh": ("刷新", "Refresh"),
    "missed": ("漏话", "Missed"),
    "caps": ("已用额度", "Caps used"),
    "calls_month": ("本月次数", "Calls this month"),
    "calls_week": ("本周次数", "Calls this week"),
    "spend_month": ("本月费用（元）", "Spend this month (yuan)"),
    "no_cap": ("不限", "no cap"),
    "of": ("／", "of"),
    "latest": ("最近来电", "Latest calls"),
    "all_calls": ("全部通话", "All calls"),
    "on_duty": ("当前去向", "Where a call goes now"),
    "opening": ("接入中", "coming in"),
    "announcing": ("播放提示", "hears an announcement"),
    "hunting": ("呼叫目的码", "ringing"),
    "notice": ("播放通知", "hears a notice"),
    "talking": ("通话中", "talking"),
    "ringing": ("振铃", "ringing"),
}
