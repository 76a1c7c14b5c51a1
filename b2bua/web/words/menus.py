"""Voice navigation."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "menus": ("语音导航", "Menus"),
    "menus_why": (
        "按键导航的树。点菜单名修改；改动先存为草稿。",
        "What keys lead where. Choose a menu to change it; changes are kept as a draft.",
    ),
    "new_menu": ("新菜单", "New menu"),
    "menu_word": ("菜单", "Menu"),
    "no_menus": ("还没有语音导航", "No menu yet"),
    "no_menus_why": (
        "让来电者按键选择：例如按 1 找销售，按 2 找售后，不按转人工。",
        "Let callers choose: 1 for sales, 2 for service, and no key for a person.",
    ),
    "menu_example_1": ("按 1", "Key 1"),
    "menu_example_2": ("按 2", "Key 2"),
    "sales": ("销售", "Sales"),
    "service": ("售后", "Service"),
    "prompt_make": ("上传或录制这段语音", "Upload or record this prompt"),
    "catalogue_prompt": ("自带语音", "comes with the program"),
    "menu_unreached": ("没有路由到这里", "no route leads here"),
    "no_key": ("超时", "no key"),
    "key": ("按键", "Key"),
    "key_repeat": ("重听本菜单", "ask this menu again"),
    "key_back": ("返回上一级", "back to the menu before"),
    "new_submenu": ("新建子菜单", "a new submenu"),
    "submenu_name": ("子菜单名称", "Name of the submenu"),
    "prompt": ("语音", "Prompt"),
    "timeout": ("等待按键（秒）", "Wait for a key (s)"),
    "retries": ("重播次数", "Repeats"),
    "otherwise": ("无按键或多次错误后", "After silence or wrong keys"),
}
