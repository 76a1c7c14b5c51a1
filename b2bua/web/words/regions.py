"""Provinces in English: plans and records name them in Chinese alone."""

import re
from collections.abc import Mapping
from typing import Final

from b2bua.web.words.tongue import Tongue

PROVINCES: Final[Mapping[str, str]] = {
    "北京": "Beijing",
    "天津": "Tianjin",
    "上海": "Shanghai",
    "重庆": "Chongqing",
    "河北": "Hebei",
    "山西": "Shanxi",
    "辽宁": "Liaoning",
    "吉林": "Jilin",
    "黑龙江": "Heilongjiang",
    "江苏": "Jiangsu",
    "浙江": "Zhejiang",
    "安徽": "Anhui",
    "福建": "Fujian",
    "江西": "Jiangxi",
    "山东": "Shandong",
    "河南": "Henan",
    "湖北": "Hubei",
    "湖南": "Hunan",
    "广东": "Guangdong",
    "海南": "Hainan",
    "四川": "Sichuan",
    "贵州": "Guizhou",
    "云南": "Yunnan",
    "陕西": "Shaanxi",
    "甘肃": "Gansu",
    "青海": "Qinghai",
    "台湾": "Taiwan",
    "内蒙古": "Inner Mongolia",
    "广西": "Guangxi",
    "西藏": "Tibet",
    "宁夏": "Ningxia",
    "新疆": "Xinjiang",
    "香港": "Hong Kong",
    "澳门": "Macao",
}
_ANY: Final = re.compile("|".join(PROVINCES))


def region(name: str, tongue: Tongue) -> str:
    """A province as the page's language calls it; any other text as it is."""
    return name if tongue == "zh" else PROVINCES.get(name, name)


def regions(text: str) -> str:
    """A text with every province in it in English."""
    return _ANY.sub(lambda found: PROVINCES[found[0]], text)
