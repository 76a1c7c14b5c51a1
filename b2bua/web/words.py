"""What the pages say, in Chinese and English, and decisions in plain words.

Traces are kept in English, as the rules give them. Here each kind of step has a Chinese
sentence; a step that is not known is shown as it was written.
"""

# ruff: noqa: RUF001  # Chinese punctuation

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from b2bua.report.wording import REASONS

Tongue: TypeAlias = Literal["zh", "en"]

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "portal": ("400 号码门户", "400 number portal"),
    "today": ("今天", "Today"),
    "calls": ("通话", "Calls"),
    "answering": ("接听", "Answering"),
    "screening": ("黑白名单", "Screening"),
    "try": ("试呼", "Try it"),
    "plan": ("方案", "Plan"),
    "analysis": ("分析", "Analysis"),
    "skip": ("跳到正文", "Skip to content"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出", "Sign out"),
    "number": ("400 号码", "400 number"),
    "password": ("密码", "Password"),
    "wrong": ("号码或密码不对。", "The number or the password is wrong."),
    "too_fast": ("尝试次数过多，请稍后再试。", "Too many tries. Wait a little."),
    "forgotten": (
        "忘记密码？请联系运营商，用 b2bua password 重设。",
        "Forgotten? The operator sets a new one with b2bua password.",
    ),
    "theme": ("外观", "Look"),
    "auto": ("自动", "Auto"),
    "light": ("浅色", "Light"),
    "dark": ("深色", "Dark"),
    "reveal": ("显示完整号码", "Show whole numbers"),
    "mask": ("隐藏号码", "Mask numbers"),
    "live": ("正在通话", "Calls now up"),
    "no_live": ("当前没有通话。", "No calls are up."),
    "refresh": ("刷新", "Refresh"),
    "offered": ("来电", "Calls"),
    "answered": ("已接通", "Answered"),
    "busy": ("遇忙", "Busy"),
    "no-answer": ("无应答", "No answer"),
    "abandoned": ("主叫放弃", "Abandoned"),
    "refused": ("被拒绝", "Refused"),
    "failed": ("故障", "Failed"),
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
    "caller": ("主叫", "Caller"),
    "anonymous": ("匿名", "anonymous"),
    "area": ("区号", "Area"),
    "state": ("状态", "State"),
    "since": ("开始", "Since"),
    "from": ("从", "From"),
    "until": ("到", "Until"),
    "destination": ("目的码", "Destination"),
    "outcome": ("结果", "Outcome"),
    "any": ("全部", "any"),
    "search": ("查询", "Search"),
    "at": ("时间", "Time"),
    "talk": ("通话时长", "Talk"),
    "fee": ("费用（元）", "Fee (yuan)"),
    "ended_by": ("结束原因", "Ended by"),
    "nothing": ("没有记录。", "Nothing found."),
    "older": ("更早", "Older"),
    "newest": ("最新", "Newest"),
    "timeline": ("时间线", "Timeline"),
    "invite_at": ("来电", "Call came in"),
    "early_media_at": ("开始放音", "Audio before answer"),
    "answered_at": ("系统应答", "We answered"),
    "destination_answered_at": ("目的码接听", "Destination answered"),
    "ended_at": ("结束", "Ended"),
    "attempts": ("呼叫尝试", "Attempts"),
    "rang": ("振铃", "Rang"),
    "skipped": ("跳过", "Skipped"),
    "unreachable": ("无法接通", "Unreachable"),
    "cancelled": ("已取消", "Cancelled"),
    "trace": ("为什么这样走", "Why it went there"),
    "passed": ("通过", "passed"),
    "not_passed": ("不满足", "not met"),
    "charge": ("费用计算", "The charge"),
    "caller_fee": ("主叫本地话费（估算，元）", "Caller's own fee (estimate, yuan)"),
    "tariff": ("资费", "Tariff"),
    "ladder": ("SIP 信令", "SIP messages"),
    "quality": ("语音质量", "Audio quality"),
    "leg": ("分支", "Leg"),
    "received": ("收包", "Received"),
    "lost": ("丢包", "Lost"),
    "jitter": ("抖动（毫秒）", "Jitter (ms)"),
    "mos": ("MOS", "MOS"),
    "keys": ("按键", "Keys"),
    "route": ("路由", "Route"),
    "version": ("版本", "Version"),
    "block": ("拉黑此主叫", "Block this caller"),
    "destinations": ("目的码", "Destinations"),
    "destinations_why": (
        "保存后，下一个来电就按新号码接听。",
        "Saved changes hold for the next call.",
    ),
    "answers_at": ("接听号码", "Answering number"),
    "ring": ("振铃（秒）", "Ring (s)"),
    "trunk": ("中继", "Trunk"),
    "save": ("保存", "Save"),
    "order": ("接听顺序", "Hunt order"),
    "groups": ("分组", "Groups"),
    "percent": ("按比例", "by percentage"),
    "mode_order": ("依次", "in order"),
    "rotate": ("循环", "in rotation"),
    "random": ("随机", "at random"),
    "all": ("同振", "all at once"),
    "sum": ("合计须为 100", "They sum to 100"),
    "on_busy": ("遇忙转移", "Forward on busy"),
    "on_no_answer": ("无应答转移", "Forward on no answer"),
    "nobody": ("—（无）", "— (none)"),
    "versions": ("方案版本", "Versions"),
    "current": ("当前", "current"),
    "published": ("发布时间", "Published"),
    "changes": ("改动", "Changes"),
    "first": ("首个版本", "the first"),
    "roll_back": ("恢复此版本", "Publish again"),
    "inside": ("于规则内", "inside"),
    "saved": (
        "已发布版本 {version}，下一个来电生效。",
        "Version {version} is published: the next call follows it.",
    ),
    "unchanged": (
        "没有改动，仍为版本 {version}。",
        "Nothing changed: version {version} stays.",
    ),
    "moved": (
        "期间有人发布了新版本，请核对后再保存。",
        "Somebody else published in the meantime. Look again, then save.",
    ),
    "blacklist": ("黑名单", "Blacklist"),
    "whitelist": ("白名单", "White list"),
    "blacklist_why": ("名单中的主叫不予接通。", "These callers are not connected."),
    "whitelist_why": (
        "名单中的主叫跳过黑名单与地区阻截。",
        "These callers skip the blacklist and area blocks.",
    ),
    "entry": ("号码，或以 * 结尾的号段", "A number, or a prefix that ends in *"),
    "add": ("添加", "Add"),
    "remove": ("移除", "Remove"),
    "empty_list": ("名单为空。", "The list is empty."),
    "deny_areas": ("阻截地区", "Blocked areas"),
    "allow_areas": ("只允许地区", "Only these areas"),
    "elsewhere": ("在“方案”页修改。", "Changed on the page Plan."),
    "try_why": (
        "假设一个来电，看它会怎么走：与真实来电同一套判断。",
        "Imagine a call and see where it would go: the same decision as a real one's.",
    ),
    "try_at": ("时间（空：现在）", "Time (empty: now)"),
    "try_keys": ("按键（逗号分隔）", "Keys, with commas"),
    "go": ("试一试", "Try"),
    "path": ("路径", "The path"),
    "result": ("结果", "Result"),
    "dial": ("呼叫目的码", "It is put through"),
    "menu": ("等待按键", "It waits for a key"),
    "refuse": ("拒绝", "It is refused"),
    "queue": ("排队", "It queues"),
    "voicemail": ("留言", "It is sent to voicemail"),
    "would_try": ("依次呼叫", "Tried in this order"),
    "charged_from": ("计费起点", "Charged from"),
    "none": ("不计费", "not charged"),
    "destination-answer": ("目的码接听", "the destination's answer"),
    "answer": ("系统应答", "our answer"),
    "plan_why": (
        "号码的全部配置。发布后，下一个来电生效。",
        "All that is configured. Once published, the next call follows it.",
    ),
    "findings": ("检查结果", "What check finds"),
    "no_findings": ("没有发现问题。", "Nothing to complain of."),
    "line": ("行", "Line"),
    "check": ("检查", "Check"),
    "publish": ("发布", "Publish"),
    "month": ("月份", "Month"),
    "show": ("查看", "Show"),
    "report_why": (
        "通话量、时段、地区、目的码、所需线路与建议。",
        "Volume, hours, areas, destinations, lines needed, and advice.",
    ),
    "full_report": ("完整报告", "The whole report"),
    "advice": ("建议", "Advice"),
    "download": ("下载", "Download"),
    "failure": ("出错了", "That did not work"),
    "back": ("返回首页", "Back to the first page"),
    "province": ("省份", "Province"),
    "unknown": ("未知", "unknown"),
    "no_plan": ("这个号码还没有方案。", "The number has no plan."),
    "language": ("语言", "Language"),
    "other": ("其他", "Else"),
    "accept": ("接受", "accepted"),
    "reject": ("拒绝", "rejected"),
    "anonymous_callers": ("匿名来电", "Anonymous callers"),
    "opening": ("接入中", "coming in"),
    "announcing": ("播放提示", "hears an announcement"),
    "hunting": ("呼叫目的码", "ringing"),
    "notice": ("播放通知", "hears a notice"),
    "talking": ("通话中", "talking"),
    "ringing": ("振铃", "ringing"),
}

DETAILS: Final[Mapping[int, tuple[str, str]]] = {
    403: (
        "请求不是由本页面发出的，请重试。",
        "The request did not come from our page. Try again.",
    ),
    404: ("没有这个页面或记录。", "There is no such page or record."),
    409: WORDS["moved"],
    429: WORDS["too_fast"],
    503: (
        "数据库暂时不可用，请稍后再试。",
        "The database is away for a moment. Try again soon.",
    ),
}

_RULES: Final[Mapping[str, str]] = {
    "number": "号码",
    "active": "启用",
    "whitelist": "白名单",
    "blacklist": "黑名单",
    "area": "地区",
    "anonymous": "匿名",
    "frequency": "呼叫频次",
    "calls_per_month": "月次数上限",
    "calls_per_week": "周次数上限",
    "spend_per_month": "月费用上限",
    "password": "密码",
    "greeting": "彩铃",
    "day": "日期与时间",
    "route": "路由",
    "menu": "菜单",
    "group": "分组",
    "destination": "目的码",
    "destination limit": "目的码并发限制",
    "forward": "转移",
    "keys": "按键",
    "voicemail": "留言",
    "queue": "排队",
}
_TOLD: Final[tuple[tuple[str, str], ...]] = (
    (r"no plan for this number", "号码没有方案"),
    (r"the number is suspended", "号码已停用"),
    (r"not on it: the other checks apply", "不在名单上，继续其他检查"),
    (r"(.+) is not on it", r"\1不在名单上"),
    (r"(.+) is on it \((.+)\)", r"\1在名单上（\2）"),
    (r"(.+) is on the deny-list \((.+)\)", r"\1被阻截（\2）"),
    (r"(.+) is not on the allow-list", r"\1不在允许地区内"),
    (r"(.+) may call", r"\1可以呼入"),
    (r"anonymous callers are rejected", "不接受匿名来电"),
    (r"anonymous: accept", "接受匿名来电"),
    (r"anonymous: reject", "只接受显示号码的来电"),
    (r"([\d.]+) of ([\d.]+) yuan used", r"已用 \1 元，上限 \2 元"),
    (r"(\d+) of (\d+) calls used", r"已用 \1 次，上限 \2 次"),
    (r"to (destination|group|menu) (.+)", r"转到\1 \2"),
    (r"no route fits", "没有匹配的路由"),
    (r"every caller must key it", "主叫须先输入密码"),
    (r"greeting (.+) while ringing", r"振铃时播放 \1"),
    (r"asks the caller", "请主叫按键"),
    (r"key (\S+): to (destination|group|menu) (.+)", r"按 \1：转到\2 \3"),
    (r"key (\S+): refused", r"按 \1：拒绝"),
    (r"(\S+) is no key, no try left: (.+)", r"\1 无效，次数已用完：\2"),
    (r"(\S+) is no key", r"\1 是无效按键"),
    (r"area (\S+) is not in (.+)", r"区号 \1 不在 \2 之内"),
    (r"the caller is not in the rule's numbers", "主叫不在规则号码之内"),
    (r"(\d\d:\d\d) is not in (.+)", r"\1 不在 \2 之内"),
    (r"(\S+) is not in (.+)", r"\1 不在 \2 之内"),
    (r"(\S+) is (.+), not a workday", r"\1 不是工作日（\2）"),
    (r"(\S+) is (.+), not a day off", r"\1 不是休息日（\2）"),
    (r"(\S+) is not among the dates", r"\1 不在所列日期内"),
    (r"named by the rule: (.+)", r"由规则指定：\1"),
    (r"percent: (.+)", r"按比例：\1"),
    (r"order: (.+)", r"依次：\1"),
    (r"rotate: (.+)", r"循环：\1"),
    (r"random: (.+)", r"随机：\1"),
    (r"all at once: (.+)", r"同振：\1"),
    (r"it is the caller", "就是主叫本人"),
    (r"it is one of our own 400 numbers", "是本平台的 400 号码"),
    (r"outside its hours: (.+)", r"不在接听时段：\1"),
    (r"at its limit, (\d+) of (\d+) calls", r"并发已满（\1/\2）"),
    (r"at the limit calls are not connected", "并发已满，不予接通"),
    (r"tried already", "已经呼叫过"),
    (r"(\d+) forwards made, the plan allows no more", r"已转移 \1 次，达到上限"),
    (r"nowhere left on (.+)", r"没有可转移的目的码（\1）"),
)
_TERMS: Final[tuple[tuple[str, str], ...]] = (
    (r"\bmobile (?=\d)", "手机 "),
    (r"\blandline (?=\d)", "固话 "),
    (r"\banonymous caller", "匿名主叫"),
    (r"\bunknown caller", "未知主叫"),
    (r"\bservice (?=\d)", "特服号 "),
    (r"\bunknown area", "未知地区"),
    (r"\barea (?=\d)", "区号 "),
    (r"转到destination ", "转到目的码 "),
    (r"转到group ", "转到分组 "),
    (r"转到menu ", "转到菜单 "),
    (r" by its weekday, the calendar has no data for the year", "（日历缺当年数据）"),
    (r"a day off of the enterprise", "本企业休息日"),
    (r"a workday of the enterprise", "本企业工作日"),
    (r"a statutory holiday", "法定节假日"),
    (r"a make-up workday", "调休工作日"),
    (r"a workday", "工作日"),
    (r"a weekend day", "周末"),
    (r"enterprise: nothing to charge, ([\d.]+) yuan", r"企业：不计费，\1 元"),
    (
        r"enterprise: (\d+) ms from (.+) = (\d+) x started (.+?), ",
        r"企业：自\2起 \1 毫秒 = \3 × 每\4（不足按一计），",
    ),
    (r"\(([^,()]+), version (\d+)\)", r"（\1，版本 \2）"),
    (r"caller: (\S+), no estimate", r"主叫：\1，不估算"),
    (r"caller, estimate: ", "主叫（估算）："),
    (r"([\d.]+) for (\d+) minutes", r"前 \2 分钟 \1"),
    (r"(\d+) x ([\d.]+)", r"\1 × \2"),
    (r"the destination's answer", "目的码接听"),
    (r"our own answer|our answer", "系统应答"),
    (r"\bgroup order\b", "按分组顺序"),
    (r"minute(?=（)", "分钟"),
    (r" yuan\b", " 元"),
    (r"; ", "；"),
    (r"：mobile\b", "：手机"),
    (r"：landline\b", "：固话"),
    (r"：anonymous\b", "：匿名"),
    (r"no-answer|no answer", "无应答"),
    (r"\bbusy\b", "遇忙"),
    (r"\bunreachable\b", "无法接通"),
    (r"Mon\b", "周一"),
    (r"Tue\b", "周二"),
    (r"Wed\b", "周三"),
    (r"Thu\b", "周四"),
    (r"Fri\b", "周五"),
    (r"Sat\b", "周六"),
    (r"Sun\b", "周日"),
)
_PATTERNS: Final = tuple((re.compile(pattern), words) for pattern, words in _TOLD)
_SMALL: Final = tuple((re.compile(pattern), words) for pattern, words in _TERMS)


class Words:
    """One language."""

    def __init__(self, tongue: Tongue) -> None:
        self._place = 0 if tongue == "zh" else 1

    def __call__(self, key: str, **fields: object) -> str:
        """The words for a key; a key without words is shown as it is."""
        found = WORDS.get(key)
        return (key if found is None else found[self._place]).format(**fields)

    def detail(self, status: int, otherwise: str) -> str:
        """What a failure says."""
        found = DETAILS.get(status)
        return otherwise if found is None else found[self._place]


def rule(text: str, tongue: Tongue) -> str:
    """The name of a rule of a trace."""
    if tongue == "en":
        return text
    if text in _RULES:
        return _RULES[text]
    kind, _, name = text.partition(" ")
    return f"{_RULES[kind]} {name}" if kind in _RULES else text


def told(text: str, tongue: Tongue) -> str:
    """Why a rule passed or not."""
    if tongue == "en":
        return text
    for pattern, words in _PATTERNS:
        matched = pattern.fullmatch(text)
        if matched is not None:
            text = matched.expand(words)
            break
    for pattern, words in _SMALL:
        text = pattern.sub(words, text)
    return text


_ENDED: Final[Mapping[str, str]] = {
    **REASONS,
    "caller hung up": "主叫挂机",
    "destination hung up": "被叫挂机",
}


def reason(text: str, tongue: Tongue) -> str:
    """What ended a call."""
    return text if tongue == "en" else _ENDED.get(text, text)
