"""Decisions in plain words.

Traces are kept in English, as the rules give them. Here each kind of step has a Chinese
sentence, and what a sentence quotes of another rule is told by that rule's own; a step that
is not known is shown as it was written. In English only provinces are told otherwise.
"""

# ruff: noqa: RUF001  # Chinese punctuation

import re
from collections.abc import Mapping, Sequence
from typing import Final

from b2bua.report.wording import REASONS
from b2bua.web.words.regions import regions
from b2bua.web.words.tongue import Tongue

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
    "override": "临时转移",
    "trunk": "中继",
    "loop": "回环",
    "no route": "没有匹配的路由",
    "duty": "值班",
    "familiar": "熟客",
    "recording": "录音",
    "survey": "满意度评价",
}

_TOLD: Final[tuple[tuple[str, str], ...]] = (
    (r"no plan for this number", "号码没有方案"),
    (r"it is no phone of this number", "不是本号码的话机"),
    (r"sent on (\d+) times, (\d+) allowed", r"已被转接 \1 次，最多 \2 次"),
    (r"(\d+) itself has sent it on", r"由本号码 \1 自己转来，会形成循环"),
    (r"(.+) takes no call: (.+)", r"中继 \1 不通，改走 \2"),
    (r"waited (\d+) s: (.+)", r"等候 \1 秒：\2"),
    (r"nobody was free in time", "一直无人空闲"),
    (r"caller gave up", "主叫放弃"),
    (r"answered", "已接通"),
    (r"(\d+) wait already", r"已有 \1 位在等"),
    (r"all are busy", "全忙"),
    (r"no key pressed", "未按键"),
    (r"cut short: (.+)", r"录音中断：\1"),
    (r"this node has no place for recordings", "本机没有存放录音的地方"),
    (r"no quota came in time", "额度未能及时取得"),
    (r"all of it is used or held for calls", "已全部用完，或已为通话预留"),
    (r"the rest is held by nodes that do not give it back", "余额在其他节点手中，未能归还"),
    (r"the store does not answer: (.+)", r"数据库没有应答：\1"),
    (r"group order", "按分组顺序"),
    (r"group order: (.+)", r"按分组顺序：\1"),
    (r"forward on (busy|no-answer)", r"\1转移"),
    (r"forward on (busy|no-answer): (.+)", r"\1转移：\2"),
    (r"refused", "拒绝"),
    (r"refused: (.+)", r"拒绝：\1"),
    (r"(.+), without a key", r"\1，未按键"),
    (r"legs: both", "双方都录"),
    (r"legs: caller", "只录主叫"),
    (r"legs: destination", "只录被叫"),
    (r"(\d+) calls in (\d+) minutes, (\d+) allowed", r"\2 分钟内呼叫 \1 次，允许 \3 次"),
    (r"(.+): at most (\d+) s", r"\1：最多 \2 秒"),
    (r"a message of at most (\d+) s", r"留言最长 \1 秒"),
    (r"talked with (.+) on (.+)", r"\2 曾与 \1 通话"),
    (r"wrong three times", "三次输入错误"),
    (r"nobody is on duty", "现在无人值班"),
    (r"to voicemail", "转到留言"),
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
    (r"anonymous: (.+)", r"匿名来电：\1"),
    (r"([\d.]+) of ([\d.]+) yuan used", r"已用 \1 元，上限 \2 元"),
    (r"(\d+) of (\d+) calls used", r"已用 \1 次，上限 \2 次"),
    (
        r"to (destination|group|menu) (.+) until (\d{4}-\d\d-\d\d \d\d:\d\d)(: .+)?",
        r"\3 之前转到\1 \2\4",
    ),
    (r"to voicemail until (\d{4}-\d\d-\d\d \d\d:\d\d)(: .+)?", r"\1 之前转语音信箱\2"),
    (r"begins (\d{4}-\d\d-\d\d \d\d:\d\d)", r"\1 才开始"),
    (r"ended (\d{4}-\d\d-\d\d \d\d:\d\d)", r"已于 \1 结束"),
    (r"nobody is on duty", "无人值班"),
    (r"talked with (.+) on (\d{4}-\d\d-\d\d)", r"\2 与 \1 通过话"),
    (r"no talk with a member in (\d+) days", r"\1 天内未与本组通话"),
    (r"not known in time", "未能及时查到"),
    (r"(\S+) is not on duty", r"\1 不在班"),
    (r"(\S+) cannot take it: (.+)", r"\1 不能接听：\2"),
    (r"no key came, no try left: (.+)", r"未按键，次数已用完：\1"),
    (r"no key came", "未按键"),
    (r"(\d+) wait already: at most (\d+) s", r"已有 \1 位在等：最多 \2 秒"),
    (r"all are busy: at most (\d+) s", r"全忙：最多等 \1 秒"),
    (r"to (destination|group|menu) (.+)", r"转到\1 \2"),
    (r"to (.+)", r"转到 \1"),
    (r"no route fits", "没有匹配的路由"),
    (r"every caller must key it", "主叫须先输入密码"),
    (r"greeting (.+) while ringing", r"振铃时播放 \1"),
    (r"asks the caller", "请主叫按键"),
    (r"key (\S+): to (destination|group|menu) (.+)", r"按 \1：转到\2 \3"),
    (r"key (\S+): to voicemail", r"按 \1：转到留言"),
    (r"key (\S+): refused", r"按 \1：拒绝"),
    (r"(\S+) is no key, no try left: (.+)", r"\1 无效，次数已用完：\2"),
    (r"(\S+) is no key", r"\1 是无效按键"),
    (r"area unknown is not in (.+)", r"未知地区，不在\1之内"),
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
    (r"roster: (.+)", r"按值班表：\1"),
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
    (r"unit of (\d+) s\b", r"\1 秒"),
    (r"每second\b", "每秒"),
    (r"每minute\b", "每分钟"),
    (r"caller: not answered, ([\d.]+) yuan", r"主叫：未接通，\1 元"),
    (r" and (?=\S+ \()", " 和 "),
    (r"\bmobile (?=\d)", "手机 "),
    (r"\binternational (?=\d)", "境外 "),
    (r"\bprivacy-number (?=\d)", "隐私号 "),
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
    (r"(?<=[\d\w]), (?=[\u4e00-\u9fff])", "，"),
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
_QUOTED: Final = re.compile(r"\\(\d)")
_SMALL: Final = tuple((re.compile(pattern), words) for pattern, words in _TERMS)


def rule(text: str, tongue: Tongue) -> str:
    """The name of a rule of a trace."""
    if tongue == "en":
        return text.replace("_", " ")
    if text in _RULES:
        return _RULES[text]
    kind, _, name = text.partition(" ")
    return f"{_RULES[kind]} {name}" if kind in _RULES else text


def told(text: str, tongue: Tongue) -> str:
    """Why a rule passed or not."""
    if tongue == "en":
        return regions(text)
    text = _sentence(text)
    for pattern, words in _SMALL:
        text = pattern.sub(words, text)
    return text


def _sentence(text: str) -> str:
    """The sentence of the rule, with what it quotes told by the rules of that."""
    for pattern, words in _PATTERNS:
        if matched := pattern.fullmatch(text):
            quoted = [_sentence(one or "") for one in matched.groups()]
            return filled(words, quoted)
    return text


def filled(words: str, quoted: Sequence[str]) -> str:
    """A sentence with what it quotes in the places that are numbered for it."""
    return _QUOTED.sub(lambda place: quoted[int(place[1]) - 1], words)


_ENDED: Final[Mapping[str, str]] = {
    **REASONS,
    "caller hung up": "主叫挂机",
    "voicemail": "已留言",
    "no audio": "无语音",
    "loop": "来电回环",
    "no recording": "无法录音",
    "no port in time": "媒体资源不足",
    "talk limit": "到达最长通话时间",
    "media_lost": "媒体中断",
    "caller lost": "主叫侧中断",
    "destination lost": "被叫侧中断",
    "destination hung up": "被叫挂机",
}


_REFUSED: Final[Mapping[str, str]] = {
    "suspended": "the number is suspended",
    "blacklist": "on the blacklist",
    "area": "area blocked",
    "anonymous": "anonymous caller",
    "frequency": "called too often",
    "password": "wrong password",
    "no route": "out of hours",
    "menu": "no key pressed",
    "voicemail": "left a message",
    "destination limit": "destination at its limit",
    "destination hours": "destinations out of hours",
}
"""Reasons that are named by their rule."""
_BROKEN: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^process ended while (\w+)$", r"进程在\1时退出"),
        (r"^caller lost: (.+)$", r"主叫侧中断（\1）"),
        (r"^(.+) lost: (.+)$", r"\1 侧中断（\2）"),
        (r"^(.+) lost$", r"\1 侧中断"),
        (r"^(.+) hung up$", r"\1 挂机"),
        (r"(?<![a-z])unacknowledged(?![a-z])", "未收到确认"),
        (r"(?<![a-z])expired(?![a-z])", "会话超时"),
        (r"(?<![a-z])talking(?![a-z])", "通话"),
        (r"(?<![a-z])hunting(?![a-z])", "振铃"),
        (r"(?<![a-z])queue(?![a-z])", "排队"),
        (r"(?<![a-z])(announcing|notice)(?![a-z])", "播报"),
        (r"(?<![a-z])(admitting|opening|recalling)(?![a-z])", "接入"),
        (r"(?<![a-z])menu(?![a-z])", "语音导航"),
        (r"(?<![a-z])password(?![a-z])", "输入密码"),
        (r"(?<![a-z])voicemail(?![a-z])", "留言"),
        (r"(?<![a-z])survey(?![a-z])", "评价"),
        (r"(?<![a-z])(ending|over)(?![a-z])", "结束"),
    )
)


def reason(text: str, tongue: Tongue) -> str:
    """What ended a call."""
    if tongue == "en":
        return _REFUSED.get(text, text.replace("_", " "))
    if text in _ENDED:
        return _ENDED[text]
    for pattern, words in _BROKEN:
        text = pattern.sub(words, text)
    return text
