"""The first page and the wallboard: calls now up, who answers, the day so far, caps."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "live": ("正在通话", "Calls now up"),
    "no_live": ("当前没有通话。", "No calls are up."),
    "hour_told": (
        "{hour}：接通 {answered}，漏话 {missed}，其他 {other}",
        "{hour}: {answered} answered, {missed} missed, {other} other",
    ),
    "refresh": ("刷新", "Refresh"),
    "missed": ("漏话", "Missed"),
    "caps": ("已用额度", "Caps used"),
    "calls_month": ("本月次数", "Calls this month"),
    "calls_week": ("本周次数", "Calls this week"),
    "spend_month": ("本月费用（元）", "Spend this month (yuan)"),
    "no_cap": ("不限", "no cap"),
    "of": ("／", "of"),
    "latest": ("最近来电", "Latest calls"),
    "by_hour": ("今天各时段", "Today by the hour"),
    "by_hour_told": (
        "最忙 {hour}：{total} 个来电，接通 {answered}，漏话 {missed}",
        "Busiest at {hour}: {total} calls, {answered} answered, {missed} missed",
    ),
    "no_calls_yet": ("今天还没有来电。", "No calls yet today."),
    "first_call": (
        "还没有来电。用手机拨一次本号码，几秒后就会出现在这里。",
        "No calls yet. Dial the number from any phone: it shows here within seconds.",
    ),
    "all_calls": ("全部通话", "All calls"),
    "state_admitting": ("接入中", "coming in"),
    "state_opening": ("接入中", "coming in"),
    "state_announcing": ("播放提示", "hears an announcement"),
    "state_password": ("输入密码", "keys the password"),
    "state_menu": ("听语音导航", "at a menu"),
    "state_recalling": ("查找熟客", "looking up"),
    "state_hunting": ("振铃", "ringing"),
    "state_queue": ("排队", "in the queue"),
    "state_notice": ("播放通知", "hears a notice"),
    "state_talking": ("通话中", "talking"),
    "state_survey": ("满意度评价", "rates the talk"),
    "state_voicemail": ("留言中", "leaves a message"),
    "state_ending": ("结束中", "ending"),
    "state_over": ("结束中", "ending"),
    "calls_up": ("{count} 路", "{count} up"),
    "lasts": ("已持续", "Lasts"),
    "live_note": (
        "断线而没有挂机的通话，静音一段时间（默认 30 秒）后自动结束。",
        "Who vanishes without hanging up is let go after some silence (30 s by default).",
    ),
    "live_on": ("实时", "live"),
    "live_off": ("连接中断，正在重试", "no connection, trying again"),
    "wall": ("大屏", "Wallboard"),
    "back_to_today": ("返回今天", "Back to Today"),
    "waiting_now": ("排队", "In the queue"),
    "answer_rate": ("接通率", "Answer rate"),
    "who_answers": ("谁在接听", "Who answers"),
    "duty_on": ("值班", "on duty"),
    "duty_off": ("未值班", "off duty"),
    "closed_now": ("非接听时段", "closed now"),
    "on_calls": ("通话 {count}", "{count} on"),
    "see_to_it": ("去处理", "See to it"),
    "alert_suspended": ("号码已停用，来电不予接通。", "The number is suspended: no calls."),
    "alert_override": (
        "临时转移生效中：全部来电转到 {to}，至 {until}。",
        "Overridden: every call goes to {to}, until {until}.",
    ),
    "alert_calls_per_month": (
        "本月次数已用 {share}%（{used}／{limit}）。",
        "{share}% of this month's calls are used ({used} of {limit}).",
    ),
    "alert_calls_per_week": (
        "本周次数已用 {share}%（{used}／{limit}）。",
        "{share}% of this week's calls are used ({used} of {limit}).",
    ),
    "alert_spend_per_month": (
        "本月费用已用 {share}%（{used}／{limit} 元）。",
        "{share}% of this month's spend is used ({used} of {limit} yuan).",
    ),
    "alert_trunk": (
        "线路 {trunk} 中断，经它的目的码暂时无法接听。",
        "The trunk {trunk} is down: destinations behind it cannot be reached.",
    ),
    "alert_roster": (
        "分组 {group} 现在无人值班。",
        "Nobody of the group {group} is on duty now.",
    ),
    "alert_calendar": (
        "日历缺 {year} 年节假日数据，暂按星期判断。",
        "The calendar has no holidays of {year}: weekdays decide.",
    ),
}
