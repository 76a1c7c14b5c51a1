"""Fields of a plan, what differs in them, and what is wrong with them, in plain words."""

# ruff: noqa: RUF001  # Chinese punctuation

import re
from collections.abc import Mapping, Sequence
from typing import Final

from b2bua.service.planchanges import ORDER
from b2bua.web.words.regions import PROVINCES
from b2bua.web.words.tongue import Tongue
from b2bua.web.words.traces import filled, told

_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "number": ("号码", "number"),
    "name": ("名称", "name"),
    "active": ("启用", "in service"),
    "timezone": ("时区", "time zone"),
    "calendar": ("日历", "calendar"),
    "closed": ("休息日", "days off"),
    "open": ("工作日", "workdays"),
    "language": ("播报语言", "language"),
    "tariff": ("资费", "tariff"),
    "greeting": ("彩铃", "greeting"),
    "greetings": ("按时间的彩铃", "greetings by time"),
    "destinations": ("目的码", "destination"),
    "trunk": ("中继", "trunk"),
    "ring": ("振铃秒数", "ring seconds"),
    "concurrent": ("并发上限", "calls at once"),
    "whisper": ("耳语提示", "whisper"),
    "accept": ("按 1 确认", "press 1 to accept"),
    "person": ("接听人", "who answers"),
    "screening": ("筛选", "screening"),
    "blacklist": ("黑名单", "blacklist"),
    "whitelist": ("白名单", "white list"),
    "areas": ("地区", "areas"),
    "allow": ("只允许", "allowed"),
    "deny": ("阻截", "blocked"),
    "anonymous": ("匿名来电", "anonymous callers"),
    "frequency": ("频次", "frequency"),
    "calls": ("次数", "calls"),
    "minutes": ("分钟", "minutes"),
    "password": ("接入密码", "callers' password"),
    "announcements": ("拒绝播报", "announcements"),
    "limits": ("额度", "caps"),
    "calls_per_month": ("每月次数", "calls per month"),
    "calls_per_week": ("每周次数", "calls per week"),
    "spend_per_month": ("每月费用", "spend per month"),
    "count": ("计次方式", "which calls count"),
    "forwarding": ("转移", "forwarding"),
    "busy": ("遇忙", "on busy"),
    "no_answer": ("无应答", "on no answer"),
    "max_forwards": ("最多转移", "at most"),
    "full": ("并发已满", "at the limit"),
    "voicemail": ("留言", "voicemail"),
    "menus": ("菜单", "menu"),
    "prompt": ("语音", "prompt"),
    "timeout": ("等待按键", "wait for a key"),
    "retries": ("重播次数", "repeats"),
    "keys": ("按键", "key"),
    "otherwise": ("其余", "otherwise"),
    "menu": ("菜单", "menu"),
    "routes": ("路由", "route"),
    "when": ("条件", "conditions"),
    "days": ("星期", "days"),
    "hours": ("时段", "hours"),
    "workday": ("工作日", "workday"),
    "callers": ("主叫", "callers"),
    "dates": ("日期", "dates"),
    "to": ("去向", "to"),
    "groups": ("分组", "group"),
    "percent": ("按比例", "by percentage"),
    "order": ("依次", "in order"),
    "rotate": ("循环", "in rotation"),
    "random": ("随机", "at random"),
    "all": ("同振", "all at once"),
    "roster": ("值班", "roster"),
    "on": ("当班", "on duty"),
    "queue": ("排队", "queue"),
    "music": ("音乐", "music"),
    "max_wait": ("最长等候", "longest wait"),
    "announce": ("播报间隔", "announcement every"),
    "position": ("播报位置", "tells the place"),
    "familiar": ("熟客", "familiar callers"),
    "override": ("临时转移", "override"),
    "since": ("开始", "from"),
    "until": ("截止", "until"),
    "note": ("备注", "note"),
    "recording": ("录音", "recording"),
    "notice": ("告知", "notice"),
    "legs": ("录音范围", "whose voice"),
    "seconds": ("秒", "seconds"),
    "survey": ("满意度评价", "survey"),
    "webhooks": ("Webhook", "webhook"),
    "url": ("地址", "URL"),
    "events": ("事件", "events"),
    "secret": ("密钥", "secret"),
    ORDER: ("的顺序", "order"),
}
_NAMED: Final = frozenset(("destinations", "menus", "groups", "routes", "keys", "roster"))
"""Fields whose entries have names of their own, which are shown as they are."""
_VALUES: Final[Mapping[object, tuple[str, str]]] = {
    None: ("（无）", "(nothing)"),
    True: ("是", "yes"),
    False: ("否", "no"),
    "": ("（空）", "(empty)"),
}
_WRONG: Final[tuple[tuple[str, str], ...]] = (
    (r"the shares sum to (\d+), make them sum to 100", r"比例合计为 \1，须为 100"),
    (r"name at least one destination", "至少要有一个目的码"),
    (r"say when it ends, such as .*", "须填写截止时间，如 2026-11-24T08:00"),
    (r"(.*) is not of this time", r"\1 的时区不对"),
    (r"'?(.*?)'? is no time such as .*", r"“\1”不是时间，应如 2026-11-24T08:00"),
    (r"(\d+) has a plan already, further up", r"上面已有 \1 的方案"),
    (r"version is no number, or prompts are no mapping", "版本须为数字，语音须为对照表"),
    (r"there is no plan in it", "里面没有方案"),
    (r"'(.*)' is no extension: .*", r"“\1”不是分机：分机为二到八位数字"),
    (r"(\S+) is no phone of this number.*", r"\1 不是本号码的话机"),
    (r"a key must be a printable word", "键须为可见文字"),
    (r"must be printable, (\d+) characters at most", r"须为可见文字，最长 \1 个字符"),
    (r"there is no (\S+)", r"没有“\1”这一项"),
    (r"give one mode: .*", "分组须有且只有一种方式：按比例、依次、循环、随机、同振或值班"),
    (r"give either allow or deny, not both", "只允许与阻截不能同时使用"),
    (r"must be a 400 number: .*", "须为 400 号码：400 加七位数字"),
    (r"'(.*)' is no time zone \(.*\)", r"“\1”不是时区，如 Asia/Shanghai"),
    (r"no tariff '(.*)'; .*", r"没有资费“\1”"),
    (r"no (\w+) '(.*)'; .*", r"没有“\2”"),
    (r"(.*) is both closed and open; choose one", r"\1 既是休息日又是工作日，请二选一"),
    (r"give at least one: .*", "至少要有一条"),
    (r"'?(.*?)'? is a menu; write .*", r"“\1”是菜单：请写成 menu"),
    (r"give one of: .*", "须写明一种去向：菜单、留言或分组方式"),
    (r"no destination or group (.*); .*", r"没有目的码或分组“\1”"),
    (r"longer than (\d+) characters", r"超过 \1 个字符"),
    (r"more than (\d+) values", r"超过 \1 项"),
    (r"anchors and aliases \(& and \*\) are not taken", "不接受锚点与别名（& 和 *）"),
    (r"tags are not taken: (.*)", r"不接受标签：\1"),
    (r"nested deeper than (\d+)", r"嵌套超过 \1 层"),
    (r"a key must be a word, not a list or mapping", "键须为文字"),
    (r"the key is given twice", "同一项写了两次"),
    (r"must be a list.*", "须为列表"),
    (r"must be a mapping.*", "须为对照表"),
    (r"must be (?:true or false|yes or no).*", "须为是或否"),
    (r"at most (\d+) of them", r"最多 \1 个"),
    (r"is empty: it would be told nothing", "为空则收不到任何通知"),
    (r"'(.*)' is no weekday: .*", r"“\1”不是星期，应如 Mon-Fri"),
    (
        r"must be printable ASCII without spaces, (\d+) characters at most",
        r"须为无空格的网址，最长 \1 个字符",
    ),
    (r"must hold no user and password: .*", "网址里不能有用户名和密码"),
    (r"must hold no fragment \(#\), and no port 0", "网址里不能有 #，端口不能为 0"),
    (r"(\S+) is no address", r"\1 不是地址"),
    (r"(\S+) is not on the public Internet.*", r"\1 不在公网上；其他地址须由运营商开通"),
    (r"there are (\d+) prompts already: delete some", r"已有 \1 个语音，请先删除一些"),
    (r"one plan, of this number alone", "只能是本号码的一份方案"),
    (r"this is the plan of (\d+)", r"这是 \1 的方案"),
    (r"cannot be read: (.*)", r"无法读取：\1"),
    (r"unknown key; (.+)", r"没有这一项；\1"),
    (r"did you mean (.+)\?", r"是否应为“\1”？"),
    (r"write one of: (.+)", r"可写：\1"),
    (r"name at least one key.*", "至少要有一个按键"),
    (r"name at least one weekday, or leave it out", "至少选一天"),
    (r"a destination is named twice", "同一目的码出现两次"),
    (r"must be text(; quote it)?", "必须填写文字"),
    (r"must be a whole number, (\d+) to (\d+)", r"须为 \1 到 \2 的整数"),
    (r"(-?\d+) is out of range: (\d+) to (\d+)", r"\1 超出范围：\2 到 \3"),
    (r"a number is needed", "须填写号码"),
    (r"is empty: name the number that answers", "须填写接听号码"),
    (
        r"'(.*)' is no mobile and no landline with its area code; .*",
        r"“\1”不是手机，也不是带区号的固话；其他号码须由运营商开通",
    ),
    (r"is this 400 number itself: the call would go round", "就是本 400 号码，会形成循环"),
    (r"'(.*)' are no hours: .*", r"“\1”不是时段，应如 09:00-17:59"),
    (
        r"'(.*)' is no number, nor a prefix such as .*",
        r"“\1”不是号码，也不是 0736* 这样的号段",
    ),
    (r"'(.*)' is no area code .*", r"“\1”不是区号或省份"),
    (r"no destination or group '(.*)'; .*", r"没有目的码或分组“\1”"),
    (r"no destination '(.*)'; .*", r"没有目的码“\1”"),
    (r"no menu '(.*)'; .*", r"没有菜单“\1”"),
    (r"no trunk '(.*)'; .*", r"没有中继“\1”"),
    (r"no prompt '(.*)': .*", r"没有语音“\1”"),
    (r"'(.*)' is there already", r"已有“\1”"),
    (r"a key is digits, or \* or #", "按键只能是数字、* 或 #"),
    (
        r"a name begins with a letter or digit.*",
        "名称以文字或数字开头，不含 : 和 /，且不宜过长",
    ),
    (r"must be 4 to 8 digits in quotes, or empty", "须为 4 到 8 位数字，或留空"),
    (
        r"the last route must have no conditions.*",
        "最后一条路由不能有条件，否则有的来电无路可走",
    ),
    (r"must be an amount in yuan.*", "须为金额（元），如 500.00"),
    (r"must be a date such as .*", "须为日期，如 2026-10-01"),
    (
        r"'(.*)' is never reached: '(.*)' takes all its calls; .*",
        r"“\1”永远轮不到：“\2”已接走全部，请上移",
    ),
    (r"a silent caller comes back to the same menu.*", "不按键的主叫会一直绕回本菜单"),
    (r"nothing leads here; .*", "没有任何去向到这里：让路由或按键指向它，或移除"),
    (r"no route on (.+); add a last route without conditions", r"\1 没有路由可走"),
    (r"nobody is on duty on (.+); add a shift", r"\1 无人当班，请补一个班次"),
    (
        r"everybody is outside their hours on (.+); widen them, .*",
        r"\1 所有人都不在接听时段：放宽时段、设置无应答转移，或开通留言",
    ),
    (r"(.+) and decides nothing; take it out, .*", r"\1，已不起作用，可移除"),
    (r"when all ring at once nobody is first", "同振没有先后，不能熟客优先"),
    (r"the calendar has no holidays for (\d+): .*", r"日历缺 \1 年节假日，只按星期判断"),
    (
        r"(\S+) is one of our own 400 numbers and is always skipped.*",
        r"\1 是本平台的 400 号码，会被跳过",
    ),
    (
        r"must be a URL such as .*|is no URL such as .*",
        "须为网址，如 https://example.com/calls",
    ),
    (r"must be 16 to 128 letters.*", "须为 16 到 128 个字母、数字或符号，无空格"),
    (r"is told already, further up", "上面已有同一地址"),
    (r"(.*)only https is allowed.*", "只允许 https 地址"),
    (r"is empty: it would refuse everyone", "为空会拒绝所有人"),
    (r"it ends before it begins|ends before it begins", "结束早于开始"),
    (r"only the operator suspends and resumes", "只有运营商能停用或启用"),
    (r"only the operator changes (.*)", r"只有运营商能更改资费 \1"),
    (r"at most (\d+) destinations", r"最多 \1 个目的码"),
    (r"a group has the same name; rename one", "有同名分组，请改名"),
    (r"file: it is empty", "文件是空的"),
    (r"file: choose one, or record", "请选择文件，或录音"),
    (r"file: larger than (\d+) MB", r"文件超过 \1 MB"),
    (
        r"file: not an audio file that is supported: (.*) are",
        r"不是支持的音频文件（支持 \1）",
    ),
    (r"file: it cannot be read.*", "音频无法读取"),
    (r"file: there is no sound in it", "音频没有内容"),
    (r"(.*) is in use: (.*)", r"“\1”正在使用：\2"),
    (r"name: .*", "名称以文字或数字开头，不含 : 和 /"),
)
_PATTERNS: Final = tuple((re.compile(pattern), words) for pattern, words in _WRONG)
_STEP: Final = re.compile(r"[^.\[\]]+|\[\d+\]")


def path_named(path: Sequence[str], tongue: Tongue) -> str:
    """A field of a plan by its path, in words."""
    words: list[str] = []
    named = False
    for step in path:
        words.append(step if named and step != ORDER else _word(step, tongue))
        named = step in _NAMED and not named
    return " · ".join(words)


def field_named(field: str, tongue: Tongue) -> str:
    """The same for a field as findings write it: ``routes[2].when.hours``."""
    steps = [
        f"{int(step[1:-1]) + 1}" if step.startswith("[") else step
        for step in _STEP.findall(field)
    ]
    return path_named(steps, tongue)


def value_shown(value: object, tongue: Tongue) -> str:
    """A value of a plan, in words."""
    if isinstance(value, list):
        return ", ".join(value_shown(one, tongue) for one in value) or _NOTHING[tongue]
    if isinstance(value, dict):
        return "; ".join(
            f"{_word(str(key), tongue)}: {value_shown(one, tongue)}"
            for key, one in value.items()
        )
    if (value is None or isinstance(value, bool) or value == "") and value in _VALUES:
        return _VALUES[value][tongue == "en"]
    return PROVINCES.get(str(value), str(value)) if tongue == "en" else str(value)


def finding_told(message: str, tongue: Tongue) -> str:
    """What is wrong; as the rules say it where there are no words for it."""
    if tongue == "zh":
        for pattern, words in _PATTERNS:
            if matched := pattern.fullmatch(message):
                quoted = [
                    _moment(finding_told(one or "", tongue)) for one in matched.groups()
                ]
                return told(filled(words, quoted), tongue)
    return message


def _moment(text: str) -> str:
    """A moment of the week that rules name: ``Mon at 18:00 if it is a workday``."""
    return _AT.sub(lambda found: f"{found[1]} {found[2]}（{_KINDS[found[3]]}）", text)


_AT: Final = re.compile(r"(\w{3}) at (\d\d:\d\d) if it is a (workday|day off)")
_KINDS: Final[Mapping[str, str]] = {"workday": "工作日", "day off": "休息日"}
_NOTHING: Final[Mapping[Tongue, str]] = {"zh": "（无）", "en": "(nothing)"}


def _word(step: str, tongue: Tongue) -> str:
    found = _FIELDS.get(step)
    return step if found is None else found[tongue == "en"]
