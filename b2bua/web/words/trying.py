"""A call imagined."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "try_why": (
        "假设一个来电，看它会怎么走：与真实来电同一套判断。",
        "Imagine a call and see where it would go: the same decision as a real one's.",
    ),
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
