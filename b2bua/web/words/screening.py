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
    "elsewhere": ("在“方案”页修改。", "Changed on the page Plan."),
    "anonymous_callers": ("匿名来电", "Anonymous callers"),
}
