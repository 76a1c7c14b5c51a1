"""What every page says: navigation, sign-in, the buttons that all share."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "portal": ("400 号码门户", "400 number portal"),
    "today": ("今天", "Today"),
    "calls": ("通话", "Calls"),
    "answering": ("接听", "Answering"),
    "screening": ("黑白名单", "Screening"),
    "try": ("试呼", "Try it"),
    "plan": ("方案", "Plan"),
    "analysis": ("分析", "Analysis"),
    "pages": ("各页面", "Pages"),
    "menu_of_pages": ("菜单", "Menu"),
    "most_used": ("常用页面", "Most used pages"),
    "operator": ("运营商", "Operator"),
    "skip": ("跳到正文", "Skip to content"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出", "Sign out"),
    "number": ("400 号码", "400 number"),
    "password": ("密码", "Password"),
    "wrong": ("号码或密码不对。", "The number or the password is wrong."),
    "too_fast": ("尝试次数过多，请稍后再试。", "Too many tries. Wait a little."),
    "forgotten": (
        "忘记密码？请联系您的运营商重设。",
        "Forgotten? Your operator sets a new one.",
    ),
    "theme": ("外观", "Look"),
    "auto": ("自动", "Auto"),
    "light": ("浅色", "Light"),
    "dark": ("深色", "Dark"),
    "reveal": ("显示完整号码", "Show whole numbers"),
    "mask": ("隐藏号码", "Mask numbers"),
    "nothing": ("没有记录。", "Nothing found."),
    "save": ("保存", "Save"),
    "nobody": ("—（无）", "— (none)"),
    "add": ("添加", "Add"),
    "remove": ("移除", "Remove"),
    "go": ("试一试", "Try"),
    "none": ("不计费", "not charged"),
    "show": ("查看", "Show"),
    "download": ("下载", "Download"),
    "failure": ("出错了", "That did not work"),
    "back": ("返回首页", "Back to the first page"),
    "unknown": ("未知", "unknown"),
    "no_plan": ("这个号码还没有方案。", "The number has no plan."),
    "language": ("语言", "Language"),
    "other": ("其他", "Else"),
    "accept": ("接受", "accepted"),
    "reject": ("拒绝", "rejected"),
}
