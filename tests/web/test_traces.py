"""Whatever a decision's trace says in the program's text has a Chinese sentence."""

import ast
import re
from collections.abc import Iterator

import pytest

from b2bua.web.words.traces import told
from tests.architecture.sources import ROOT

CHINESE = re.compile("[\u4e00-\u9fff]")
SAID_BY = ("decision", "choosing", "explain", "asking", "search", "shortage", "course")
NAMES = re.compile(r"^[\w .-]*$")


def sample(node: ast.expr) -> str:
    """A text as the program may write it: what it puts in is 7."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(sample(one) for one in values)
        case ast.FormattedValue():
            return "7"
        case ast.BoolOp(values=values):
            return sample(values[-1])
        case _:
            return ""


def said() -> Iterator[str]:
    """The reasons of every step that is written where it is made."""
    for name in SAID_BY:
        path = ROOT / "b2bua" / "service" / "flow" / f"{name}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case (
                    ast.Call(func=ast.Name(id="Step"), args=[_, _, why])
                    | ast.Assign(targets=[ast.Name(id="why")], value=why)
                ):
                    if re.search("[a-z]", text := sample(why)):
                        yield text
                case _:
                    pass


@pytest.mark.parametrize("text", sorted(set(said())))
def test_every_reason_has_a_chinese_sentence(text: str) -> None:
    assert CHINESE.search(told(text, "zh")), text
