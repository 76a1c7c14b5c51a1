"""On which line a key stands."""

import pytest

from b2bua.config.lines import Lines, Path

TEXT = """\
data_dir = "var"

[sip]
listen = [
    "udp:127.0.0.1:5060",
]
timers.t1 = 0.5

[[trunk]]
name = "a"
[[trunk]]
"name" = "b"
[trunk.more]
x = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("data_dir",), 1),
        (("sip",), 3),
        (("sip", "listen"), 4),
        (("sip", "listen", 0), 4),
        (("sip", "timers", "t1"), 7),
        (("sip", "nothing"), 3),
        (("trunk",), 9),
        (("trunk", 0, "name"), 10),
        (("trunk", 1), 11),
        (("trunk", 1, "name"), 12),
        (("trunk", 1, "more", "x"), 14),
        (("nothing",), 1),
    ],
)
def test_the_line_of_a_path(path: Path, line: int) -> None:
    assert Lines(TEXT).of(path) == line
