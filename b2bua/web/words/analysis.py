"""Call analysis."""

# Chinese punctuation

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "month": ("月份", "Month"),
    "report_why": (
        "通话量、时段、地区、目的码、所需线路与建议。",
        "Volume, hours, areas, destinations, lines needed, and advice.",
    ),
    "full_report": ("完整报告", "The whole report"),
    "advice": ("建议", "Advice"),
    "province": ("省份", "Province"),
    "against": ("对比", "Against"),
    "month_before": ("上月（默认）", "the month before"),
    "print": ("打印 / PDF", "Print / PDF"),
    "counting": ("正在统计，已计 {count} 个通话…", "Counting: {count} calls so far…"),
    "as_table": ("以表格显示", "As a table"),
    "what_it_shows": (
        "图表：{title}。数据见下方表格。",
        "Chart: {title}. The table below says the same.",
    ),
    "peak_lines": ("线路峰值", "Lines at the peak"),
}
