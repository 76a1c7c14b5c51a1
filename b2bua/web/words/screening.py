"""Who may call."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "blacklist": ("黑名单", "Blacklist"),
    "whitelist": ("白名单", "White list"),
    "blacklist_why": ("名单中的主叫不予接通。", "These callers are not connected."),
    "whitelist_why": (
        "名单中的主叫跳过黑名单与地区阻截。",
        "These callers skip the blacklist and area blocks.",
    ),
    "entry": ("号码，或以 * 结尾的号段", "A number, or a prefix that ends in *"),
    "empty_list": ("名单为空。", "The list is empty."),
    "deny_areas": ("阻截地区", "Blocked areas"),
    "allow_areas": ("只允许地区", "Only these areas"),
    "anonymous_callers": ("匿名来电", "Anonymous callers"),
    "area_rules": ("地区、匿名与频次", "Areas, anonymous callers, frequency"),
    "area_rule": ("地区规则", "Rule for areas"),
    "all_areas": ("所有地区都可呼入", "All areas may call"),
    "frequency": ("同一主叫的频次", "How often one caller may call"),
    "frequency_calls": ("次数", "Calls"),
    "frequency_minutes": ("分钟", "Minutes"),
    "calls_in": ("次，每", "calls in"),
    "minutes": ("分钟", "minutes"),
    "provinces": ("省份", "Provinces"),
    "picked": ("已选：", "Chosen:"),
    "anywhere": ("没有选择，不限地区", "nothing: any area"),
    "by_code": ("按区号细选", "By area code"),
    "unknown_area": ("归属地未知", "Unknown area"),
    "more_areas": ("号段（以 * 结尾）", "Number prefixes that end in *"),
}
