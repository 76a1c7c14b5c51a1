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
    "draft": ("草稿", "Draft"),
    "draft_of": (
        "基于版本 {base}，{count} 处改动，尚未生效。",
        "from version {base}, {count} changes, not served yet.",
    ),
    "draft_moved": (
        "期间已发布版本 {version}，发布时自动合并",
        "version {version} was published since; publishing merges it",
    ),
    "draft_see": ("查看改动", "See the changes"),
    "discard": ("放弃", "Discard"),
    "keep_draft": ("存为草稿", "Keep as draft"),
    "no_draft": ("没有草稿。", "There is no draft."),
    "draft_conflict": (
        "别人也改了同一处，请先核对：",
        "Somebody else changed the same thing. Look again:",
    ),
    "drafted": (
        "已存入草稿，发布后生效。",
        "Kept in the draft; it serves once it is published.",
    ),
    "discarded": ("草稿已放弃。", "The draft is gone."),
    "what": ("项目", "What"),
    "before": ("改前", "Before"),
    "after": ("改后", "After"),
    "secret_changed": ("已更改（不显示）", "changed (not shown)"),
    "what_changes": ("改动", "What changes"),
    "compare": ("对比", "Compare"),
    "compare_with": ("与此版本对比", "Compare with"),
    "differences": ("版本 {before} → {after}", "Version {before} → {after}"),
    "no_differences": ("没有差别。", "There is no difference."),
    "next_call": ("下一个来电按此版本", "the next call follows it"),
    "last_month": ("若上个月就用它", "Had it served last month"),
    "reckon": ("推算", "Reckon"),
    "reckon_why": (
        "用最近 31 天的真实来电，逐个重新判断。",
        "Decides each call of the last 31 days again.",
    ),
    "reckoned": (
        "{calls} 个来电中，{elsewhere} 个会走别处。",
        "Of {calls} calls {elsewhere} would have gone elsewhere.",
    ),
    "reckoned_cut": ("只算了最早的一部分", "only the first of them"),
    "goes_from": ("原来", "Went"),
    "goes_to": ("会变成", "Would go"),
}
