"""Our own modules, parsed: what the tests of the architecture look at."""

import ast
import io
import tokenize
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = ("b2bua", "media")
"""The packages that are installed."""
EVERYTHING: Final = (*PROGRAM, "prompts", "tests")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_CODE: Final = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True, kw_only=True)
class Module:
    """One file of Python."""

    path: str
    """From the project's root, with slashes."""
    text: str
    tree: ast.Module
    code: frozenset[int]
    """The numbers of the lines that are neither blank, comment nor docstring."""

    @property
    def name(self) -> str:
        """As it is imported."""
        parts = Path(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def functions(self) -> list[Function]:
        """Every function and method, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def length(self, function: Function) -> int:
        """Lines of code; what a ``case`` matches is a table and not counted."""
        lines = self.code & set(range(function.lineno, (function.end_lineno or 0) + 1))
        patterns = {
            line
            for node in ast.walk(function)
            if isinstance(node, ast.match_case)
            for line in range(node.pattern.lineno, node.body[0].lineno)
        }
        return len(lines - patterns)


def modules(*folders: str) -> tuple[Module, ...]:
    """Every module below these folders, by path."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return tuple(parse(path) for path in sorted(paths))


@cache
def parse(path: Path, root: Path = ROOT) -> Module:
    """Read one module."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NOT_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return Module(
        path=path.relative_to(root).as_posix(),
        text=text,
        tree=tree,
        code=frozenset(lines - _docstring_lines(tree)),
    )


@cache
def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pure_modules() -> tuple[Module, ...]:
    """Those that the import contracts keep from the world."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    names = next(
        contract["source_modules"]
        for contract in contracts
        if contract["name"].startswith("The pure layers")
    )
    return tuple(
        module
        for module in modules(*PROGRAM)
        if any(module.name == name or module.name.startswith(f"{name}.") for name in names)
    )


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Lines of strings that stand alone: docstrings of modules, classes, attributes."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
