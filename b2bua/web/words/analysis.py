"""Call analysis."""

# Chinese punctuation

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
}
