"""What the editors' templates call to say things of a plan."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from b2bua.service.schedule import WEEKDAYS, hours_text
from b2bua.service.webhook import shown
from b2bua.web.words.book import Words
from b2bua.web.words.changes import field_named, finding_told, path_named, value_shown
from b2bua.web.words.regions import region
from b2bua.web.words.tongue import Tongue

TESTS: Final[Mapping[str, Callable[[object], bool]]] = {
    "ending_star": lambda value: str(value).endswith("*")
}


def spoken(tongue: Tongue) -> dict[str, Any]:
    """Functions of templates in one language."""
    words = Words(tongue)

    def days_told(text: str) -> str:
        for place, day in enumerate(WEEKDAYS):
            text = text.replace(day, words(f"day_{place}"))
        return text.replace("-", "–")  # noqa: RUF001  # from day to day

    return {
        "path_named": lambda path: path_named(path, tongue),
        "field_named": lambda field: field_named(field, tongue),
        "value_shown": lambda value: value_shown(value, tongue),
        "finding_told": lambda message: finding_told(message, tongue),
        "upload_told": lambda message: finding_told(message, tongue),
        "hours_text": hours_text,
        "region": lambda name: region(name, tongue),
        "days_told": days_told,
        "url_shown": shown,
        "moved": False,
    }
