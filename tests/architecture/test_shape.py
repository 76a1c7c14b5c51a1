"""Sizes, names and words: the house style, as far as a machine can see it."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import (
    EVERYTHING,
    PROGRAM,
    ROOT,
    Module,
    modules,
    parse,
    pure_modules,
)

LONGEST_MODULE: Final = 400
LONGEST_TEST_MODULE: Final = 500
LONGEST_FUNCTION: Final = 40
LONGEST_TEST: Final = 60
MOST_ATTRIBUTES: Final = 16

LONG_MODULES: Final[dict[str, str]] = {}
"""Modules that may be longer than the rest, and why."""
LONG_FUNCTIONS: Final = {
    "b2bua/service/flow/dossier.py record": "one constructor call, a line for each field",
    "b2bua/store/plans.py _publish": "one transaction, its statements in order",
}
"""Functions that may be longer than the rest, and why."""
WIDE_CLASSES: Final = {
    "b2bua/sip/dialog/called.py Called": "what a session is and what it awaits",
    "b2bua/sip/dialog/modify.py Modification": "both directions of offer and answer",
    "media/engine/port.py ReferencePort": "counters, as the compiled port keeps them",
}
"""Classes whose constructors may set more attributes than the rest, and why."""
CATCH_ALL: Final = (
    "b2bua/app/",
    "b2bua/cli/main.py",
    "b2bua/exchange/",
    "b2bua/net/driver.py",
    "media/worker/process.py",
)
"""Where one call's bug is kept from the others: nobody else swallows every exception."""

NO_NAMES: Final = re.compile(r"(?i)(utils?|helpers?|managers?|impl|misc)(?![a-z])")
"""Names that say nothing of what a thing is."""
GREEDY: Final = {"Exception", "BaseException"}
WORLD: Final = {"now", "today", "utcnow", "fromtimestamp"}
"""What reads the clock, or its zone, without importing ``time``."""


def names_of(module: Module) -> list[str]:
    """The module's own name and those of its classes and functions."""
    defined = [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [Path(module.path).stem, *defined]


def words(name: str) -> str:
    """``SomeThing_else`` as ``Some Thing else``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name)


def test_modules_are_short() -> None:
    program = {
        module.path: len(module.code)
        for module in modules(*PROGRAM)
        if len(module.code) > LONGEST_MODULE and module.path not in LONG_MODULES
    }
    tests = {
        module.path: len(module.code)
        for module in modules("tests")
        if len(module.code) > LONGEST_TEST_MODULE
    }
    assert program | tests == {}


def test_functions_are_short() -> None:
    long = {
        f"{module.path}:{function.lineno} {function.name}": module.length(function)
        for module in modules(*EVERYTHING)
        for function in module.functions
        if module.length(function)
        > (LONGEST_TEST if module.path.startswith("tests/") else LONGEST_FUNCTION)
        and f"{module.path} {function.name}" not in LONG_FUNCTIONS
    }
    assert long == {}


def test_constructors_set_few_attributes() -> None:
    wide = {
        f"{module.path} {node.name}": count
        for module in modules(*PROGRAM)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and (count := len(attributes_of(node))) > MOST_ATTRIBUTES
        and f"{module.path} {node.name}" not in WIDE_CLASSES
    }
    assert wide == {}


def attributes_of(node: ast.ClassDef) -> set[str]:
    """What ``__init__`` sets on ``self``."""
    return {
        target.attr
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
        for target in ast.walk(method)
        if isinstance(target, ast.Attribute)
        and isinstance(target.ctx, ast.Store)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    }


def test_exceptions_are_still_needed() -> None:
    lengths = {module.path: len(module.code) for module in modules(*PROGRAM)}
    functions = {
        f"{module.path} {function.name}": module.length(function)
        for module in modules(*EVERYTHING)
        for function in module.functions
    }
    assert all(lengths.get(path, 0) > LONGEST_MODULE for path in LONG_MODULES)
    widths = {
        f"{module.path} {node.name}": len(attributes_of(node))
        for module in modules(*PROGRAM)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    assert all(functions.get(name, 0) > LONGEST_FUNCTION for name in LONG_FUNCTIONS)
    assert all(widths.get(name, 0) > MOST_ATTRIBUTES for name in WIDE_CLASSES)
    assert len(LONG_MODULES) + len(LONG_FUNCTIONS) + len(WIDE_CLASSES) <= 6


def test_names_say_what_things_are() -> None:
    vague = [
        f"{module.path}: {name}"
        for module in modules(*EVERYTHING)
        for name in names_of(module)
        if any(NO_NAMES.fullmatch(word) for word in words(name).split())
    ]
    assert vague == []


def test_nothing_is_called_get() -> None:
    getters = [
        f"{module.path}:{function.lineno} {function.name}"
        for module in modules(*PROGRAM)
        for function in module.functions
        if function.name.startswith(("get_", "_get_"))
    ]
    assert getters == []


def test_every_module_says_what_it_is() -> None:
    dumb = [
        module.path
        for module in modules(*PROGRAM, "prompts")
        if not ast.get_docstring(module.tree)
    ]
    assert dumb == []


def test_every_folder_is_a_package_that_says_what_it_is() -> None:
    folders = {path.parent for root in PROGRAM for path in (ROOT / root).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
    tests = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in tests if not (folder / "__init__.py").exists()] == []


def test_a_package_is_a_docstring() -> None:
    more = [
        module.path
        for module in modules(*PROGRAM)
        if module.path.endswith("__init__.py") and module.code
    ]
    assert more == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    suffixes = {".py", ".pyi", ".c", ".h", ".sql", ".toml", ".md", ".yaml"}
    files = [
        path
        for folder in (*EVERYTHING, "docs", "config")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
    ]
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_no_banners() -> None:
    banner = re.compile(r"^\s*#\s*([-=*#~_])\1{3,}", re.MULTILINE)
    assert [m.path for m in modules(*EVERYTHING) if banner.search(m.text)] == []


def test_the_pure_layers_are_found() -> None:
    found = {module.path for module in pure_modules()}
    assert "b2bua/exchange/exchange.py" in found
    assert "media/engine/plan.py" in found
    assert "b2bua/net/driver.py" not in found


def test_the_pure_layers_never_wait() -> None:
    waiting = [
        f"{module.path}:{node.lineno}"
        for module in pure_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
    ]
    assert waiting == []


def test_the_pure_layers_neither_read_clocks_nor_files_nor_print() -> None:
    touching = [
        f"{module.path}:{node.lineno} {touched}"
        for module in pure_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (touched := touches_the_world(node))
    ]
    assert touching == []


def touches_the_world(call: ast.Call) -> str:
    """What a call reads or writes beyond its arguments; empty: nothing that we know of."""
    match call.func:
        case ast.Name(id="open" | "print" | "input" as name):
            return name
        case ast.Attribute(value=ast.Name(id="datetime" | "date" | "dt"), attr=name):
            return name if name in WORLD else ""
        case ast.Attribute(attr="read_text" | "read_bytes" | "write_text" as name):
            return name
        case _:
            return ""


def test_only_the_edge_catches_everything() -> None:
    greedy = [
        f"{module.path}:{node.lineno}"
        for module in modules(*PROGRAM)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and catches_everything(node)
        and not module.path.startswith(CATCH_ALL)
    ]
    assert greedy == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Whether it is ``except Exception``, or wider, and does not raise again."""
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)):
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in GREEDY) for kind in kinds
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"""What it is."""\n', 0),
        ('"""Two\nlines."""\n\n# a comment\nx = 1\n', 1),
        ('x: int\n"""Of what."""\ny = """not\na docstring"""\n', 3),
        ("f(\n    1,\n\n    2,\n)\n", 4),
    ],
)
def test_lines_of_code(tmp_path: Path, text: str, code: int) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert len(parse(path, tmp_path).code) == code


def test_the_cases_of_a_match_are_no_length(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "def f(x: object) -> int:\n"
        "    match x:\n"
        "        case (\n"
        "            int()\n"
        "            | str()\n"
        "        ):\n"
        "            return 1\n"
        "        case _:\n"
        "            return 2\n"
    )
    module = parse(path, tmp_path)
    assert len(module.code) == 9
    assert module.length(module.functions[0]) == 5
