"""The plan as text, and what check finds in it."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "plan_why": (
        "号码的全部配置。发布后，下一个来电生效。",
        "All that is configured. Once published, the next call follows it.",
    ),
    "findings": ("检查结果", "What check finds"),
    "no_findings": ("没有发现问题。", "Nothing to complain of."),
    "line": ("行", "Line"),
    "check": ("检查", "Check"),
    "publish": ("发布", "Publish"),
}
