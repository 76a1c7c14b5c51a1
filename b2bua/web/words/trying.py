"""A call imagined."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "try_why": (
        "假设一个来电，看它会怎么走：与真实来电同一套判断。",
        "Imagine a call and see where it would go: the same decision as a real one's.",
    ),
    "examples": ("例如", "For example"),
    "example_now": ("广州固话，现在", "A landline in Guangzhou, now"),
    "example_night": ("手机，今晚 22:30", "A mobile, tonight at 22:30"),
    "example_sunday": ("北京固话，周日上午", "A landline in Beijing, on Sunday morning"),
    "example_anonymous": ("匿名来电", "An anonymous caller"),
    "try_month": ("若上个月就用草稿", "Had the draft served last month"),
    "try_month_why": (
        "用最近 31 天的真实来电，逐个按草稿重新判断，看多少会走别处。",
        "Decides each real call of the last 31 days by the draft, and counts what moves.",
    ),
    "try_month_none": (
        "现在没有草稿。在“路由”或“语音导航”里改动后存为草稿，就能在这里看到上个月的来电会有什么不同。",
        "There is no draft. Change routes or menus: what you keep as a draft can be held "
        "against last month's calls here.",
    ),
    "same_as_before": ("全部来电的去向都不变。", "Every call goes where it went."),
    "try_at": ("时间（空：现在）", "Time (empty: now)"),
    "try_keys": ("按键（逗号分隔）", "Keys, with commas"),
    "path": ("路径", "The path"),
    "result": ("结果", "Result"),
    "dial": ("呼叫目的码", "It is put through"),
    "menu": ("等待按键", "It waits for a key"),
    "refuse": ("拒绝", "It is refused"),
    "queue": ("排队", "It queues"),
    "voicemail": ("留言", "It is sent to voicemail"),
    "would_try": ("依次呼叫", "Tried in this order"),
    "charged_from": ("计费起点", "Charged from"),
    "destination-answer": ("目的码接听", "the destination's answer"),
    "answer": ("系统应答", "our answer"),
    "try_of": ("按哪个方案", "By which plan"),
    "may_call": ("可以呼入", "May call"),
}
