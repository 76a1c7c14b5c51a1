"""Which way a call takes: routes and groups."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "routing": ("路由", "Routing"),
    "routing_why": (
        "来电从上到下逐条比对，第一条符合的决定去向。改动先存为草稿，发布后才生效。",
        "A call is held against the routes from above; the first that fits decides. "
        "Changes are kept as a draft until they are published.",
    ),
    "a_call": ("来电", "A call comes in"),
    "drag": ("拖动调整顺序", "Drag to another place"),
    "moved_to": ("“{{name}}”现在是第 {{place}} 条", "{{name}} is now number {{place}}"),
    "if_nobody": ("接不通时", "When nobody answers"),
    "in_the_end": ("最后", "In the end"),
    "told_and_ended": ("播报后挂断", "the caller is told, and the call ends"),
    "no_calls_counted": ("还没有来电", "no calls yet"),
    "new_route": ("新路由", "New route"),
    "new_group": ("新分组", "New group"),
    "group": ("分组", "Group"),
    "no_groups": ("没有分组。", "There are no groups."),
    "all_the_rest": ("其余全部", "all the rest"),
    "workday": ("工作日", "workdays"),
    "day_off": ("休息日", "days off"),
    "up": ("上移", "Move up"),
    "down": ("下移", "Move down"),
    "last_route": (
        "最后一条没有条件：其余来电都走这里。",
        "The last has no conditions: it takes all the rest.",
    ),
    "when_it_holds": ("时间", "When"),
    "where_from": ("来自哪里", "Where from"),
    "callers": ("主叫号码或号段", "Callers' numbers or prefixes"),
    "split_by_share": ("按比例分配", "Split by percentage"),
    "as_it_is": ("保持不变：", "As it is:"),
    "target": ("目标", "Target"),
    "actual": ("实际", "Actual"),
    "firsts_of": ("近 {days} 天首次分配", "First assignments of {days} days"),
    "mode": ("方式", "Mode"),
    "members": ("成员顺序", "Members in order"),
    "queue_title": ("排队与熟客", "Queue and familiar callers"),
    "queue_on": ("全忙时排队等候", "Callers wait when all are busy"),
    "queue_wait": ("最长等候（秒）", "Longest wait (s)"),
    "queue_announce": ("播报间隔（秒）", "Announce every (s)"),
    "queue_music": ("等候音乐", "Music"),
    "usual_music": ("默认音乐", "the usual music"),
    "queue_position": ("播报排队位置", "Tell callers their place"),
    "queue_of": (
        "全忙时排队，最多 {seconds} 秒",
        "waits up to {seconds} s when all are busy",
    ),
    "familiar": (
        "熟客：多少天内通过话的优先找同一人",
        "Familiar callers: talked within so many days",
    ),
    "familiar_of": ("熟客优先：{days} 天内", "familiar callers first: within {days} days"),
    "menu_named": ("菜单 {name}", "menu {name}"),
    "group_named": ("分组 {name}", "group {name}"),
    "voicemail_box": ("留言", "voicemail"),
}
