"""Who answers: destinations, order, versions."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "destinations": ("目的码", "Destinations"),
    "destinations_why": (
        "保存后，下一个来电就按新号码接听。",
        "Saved changes hold for the next call.",
    ),
    "answers_at": ("接听号码", "Answering number"),
    "ring": ("振铃（秒）", "Ring (s)"),
    "trunk": ("中继", "Trunk"),
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
}
