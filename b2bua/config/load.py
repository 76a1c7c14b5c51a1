"""TOML and environment to settings; every error in one report.

A variable of the environment overrides a key of the file: ``B2BUA_`` and the path in upper
case, its parts joined by ``__``. A trunk or tariff is meant by its name or its position:
``B2BUA_TRUNK__UNICOM__PASSWORD``. For a key that is text the value is taken as it stands,
for any other as JSON. Variables without ``__`` that name no key are somebody else's.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final, get_args

import msgspec

from b2bua.config.checks import CHECKS
from b2bua.config.lines import Lines, Path
from b2bua.config.settings import Mail, Rewrite, Settings, Table, Trunk
from b2bua.core.errors import B2buaError
from b2bua.sip.endpoint.registrar import PHONES

PREFIX: Final = "B2BUA_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with the settings."""

    where: str
    """File and line, or the variable of the environment."""
    field: str
    """Such as ``trunk[0].from``; empty: the whole file."""
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.field, self.message) if part)


class UnusableSettings(B2buaError):
    """The settings cannot be used; the message has a line for each fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def load(path: FilePath, environment: Mapping[str, str]) -> Settings:
    """Read and check everything. Raises :class:`UnusableSettings`."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        raise _whole(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _whole(str(path), "not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        raise _whole(where, f"not TOML: {error}") from error
    reader = _Reader(str(path), Lines(text))
    reader.override(tree, environment)
    settings = reader.table(tree, Settings, ())
    if isinstance(settings, Settings) and not reader.faults:
        reader.faults += _disagreements(settings, reader)
    if reader.faults or not isinstance(settings, Settings):
        raise UnusableSettings(reader.faults)
    return settings


def _whole(where: str, message: str) -> UnusableSettings:
    return UnusableSettings([Fault(where=where, field="", message=message)])


@dataclass(frozen=True, slots=True)
class _Given:
    """A value from the environment."""

    variable: str
    text: str


class _Reader:
    """Walks the tree along the classes of :mod:`b2bua.config.settings`."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.faults: list[Fault] = []
        self._file = file
        self._lines = lines
        self._variables: dict[Path, str] = {}

    def fault(self, path: Path, message: str) -> Fault:
        """What is wrong at ``path``."""
        variable = next(
            (
                self._variables[path[:length]]
                for length in range(len(path), 0, -1)
                if path[:length] in self._variables
            ),
            "",
        )
        where = variable or f"{self._file}:{self._lines.of(path)}"
        return Fault(where=where, field=_written(path), message=message)

    def override(self, tree: dict[str, Any], environment: Mapping[str, str]) -> None:
        """Put what the environment says into the tree."""
        for variable, text in sorted(environment.items()):
            if not variable.startswith(PREFIX):
                continue
            names = variable.removeprefix(PREFIX).lower().split("__")
            known = names[0] in {key for key, _ in _fields(Settings)}
            if len(names) == 1 and not known:
                continue
            path = _place(tree, names, _Given(variable, text)) if known else None
            if path is None:
                message = "there is no such place in the settings"
                self.faults.append(Fault(where=variable, field="", message=message))
            else:
                self._variables[path] = variable

    def table(self, value: Any, kind: type[Table], path: Path) -> Table | None:
        """Read one table; None if anything in it is wrong."""
        if isinstance(value, _Given):
            value = _decoded(value.text)
        if not isinstance(value, dict):
            self.faults.append(self.fault(path, "a table is needed here"))
            return None
        before = len(self.faults)
        fields = dict(_fields(kind))
        for key in value.keys() - fields.keys():
            message = f"unknown key; known are {', '.join(sorted(fields))}"
            self.faults.append(self.fault((*path, key), message))
        read: dict[str, Any] = {}
        for key, field in fields.items():
            if key in value:
                read[field.name] = self._value(value[key], field.type, (*path, key))
            elif field.required:
                self.faults.append(self.fault((*path, key), "it is missing"))
        return kind(**read) if len(self.faults) == before else None

    def _value(self, value: Any, kind: Any, path: Path) -> Any:
        if isinstance(kind, type) and issubclass(kind, Table):
            return self.table(value, kind, path)
        element = _element(kind)
        if element is not None:
            return self._tables(value, element, path)
        if isinstance(value, _Given):
            value = _meant(value.text, kind)
        try:
            read = msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self.faults.append(self.fault(path, _reworded(str(error))))
            return None
        check = CHECKS.get(".".join(part for part in path if isinstance(part, str)))
        message = check(read) if check else ""
        if message:
            self.faults.append(self.fault(path, message))
        return read

    def _tables(self, value: Any, element: type[Table], path: Path) -> Any:
        if isinstance(value, _Given):
            value = _decoded(value.text)
        if not isinstance(value, list):
            message = f"a list of tables is needed here: [[{path[-1]}]]"
            self.faults.append(self.fault(path, message))
            return ()
        return tuple(
            self.table(one, element, (*path, index)) for index, one in enumerate(value)
        )


def _disagreements(settings: Settings, reader: _Reader) -> Iterator[Fault]:
    """What is wrong between values that are right by themselves."""
    for key, tables in (("trunk", settings.trunk), ("tariff", settings.tariff)):
        names = [table.name for table in tables]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield reader.fault((key, index, "name"), f"{name!r} is given twice")
    names = [trunk.name for trunk in settings.trunk]
    for index, trunk in enumerate(settings.trunk):
        yield from _rules(trunk, index, reader)
        if trunk.overflow and trunk.overflow not in names:
            message = f"there is no trunk {trunk.overflow!r}"
            yield reader.fault(("trunk", index, "overflow"), message)
        if trunk.overflow == trunk.name:
            yield reader.fault(("trunk", index, "overflow"), "is this trunk itself")
        if (trunk.auth == "digest") != bool(trunk.accounts):
            message = 'auth = "digest" and accounts need each other'
            yield reader.fault(("trunk", index, "accounts"), message)
        if trunk.name == PHONES and settings.phones.from_:
            message = f"{PHONES!r} is the trunk of the phones that register"
            yield reader.fault(("trunk", index, "name"), message)
        if trunk.password and not trunk.username:
            yield reader.fault(("trunk", index, "password"), "it needs a username")
        if trunk.register and not trunk.hops:
            yield reader.fault(("trunk", index, "register"), "it needs 'to': where?")
        if trunk.srtp == "required" and not all(map(_is_tls, trunk.hops)):
            message = "'required' needs 'to' by TLS: sips: or ;transport=tls"
            yield reader.fault(("trunk", index, "srtp"), message)
        if not (trunk.from_ or trunk.certificate or trunk.hops):
            message = "nobody calls by it, nor does it lead on: 'from', 'to' or both"
            yield reader.fault(("trunk", index), message)
    yield from _letters(settings.mail, reader)
    tls = settings.sip.tls
    if bool(tls.certificate) != bool(tls.key):
        yield reader.fault(("sip", "tls"), "certificate and key come together, or neither")
    first, _, last = settings.media.ports.partition("-")
    if int(last) - int(first) < 4 * settings.media.processes:
        message = f"too few for {settings.media.processes} processes"
        yield reader.fault(("media", "ports"), message)


def _letters(mail: Mail, reader: _Reader) -> Iterator[Fault]:
    """What keeps letters from being sent, or sends a password in the clear."""
    if mail.server and not mail.from_:
        yield reader.fault(("mail", "from"), "a mail server needs it: from whom?")
    if mail.password and mail.security == "none":
        message = "a password needs 'starttls' or 'tls', or everyone on the way reads it"
        yield reader.fault(("mail", "security"), message)


def _is_tls(hop: str) -> bool:
    return hop.lower().startswith("sips:") or ";transport=tls" in hop.lower()


def _rules(trunk: Trunk, index: int, reader: _Reader) -> Iterator[Fault]:
    """Rules for numbers that can never do what they say."""
    for field in ("called_in", "caller_in", "called_out", "caller_out"):
        rules: tuple[Rewrite, ...] = getattr(trunk.rewrite, field)
        for place, rule in enumerate(rules):
            path = ("trunk", index, "rewrite", field, place)
            if rule.strip > len(rule.match.removesuffix("*")):
                message = f"{rule.match!r} is shorter than what it takes off"
                yield reader.fault((*path, "strip"), message)
            if any(earlier.match == "*" for earlier in rules[:place]):
                yield reader.fault((*path, "match"), "an earlier rule fits every number")


def _fields(kind: type[Table]) -> Iterator[tuple[str, msgspec.structs.FieldInfo]]:
    for field in msgspec.structs.fields(kind):
        yield field.encode_name, field


def _meant(text: str, kind: Any) -> Any:
    """A value of the environment: text where text may stand, unless it begins like JSON."""
    if kind is str or (str in get_args(kind) and text[:1] not in ("[", '"')):
        return text
    return _decoded(text)


def _element(kind: Any) -> type[Table] | None:
    """The class of the tables that ``kind`` is a list of, None if it is none."""
    arguments = get_args(kind)
    first = arguments[0] if arguments else None
    if isinstance(first, type) and issubclass(first, Table):
        return first
    return None


def _place(tree: dict[str, Any], names: list[str], value: _Given) -> Path | None:
    """Put ``value`` where ``names`` lead; the path, or None if that is nowhere."""
    here: Any = tree
    path: Path = ()
    for name in names[:-1]:
        step: str | int | None = name
        if isinstance(here, list):
            step = _position(here, name)
            if step is None:
                return None
            here = here[step]
        elif isinstance(here, dict):
            here = here.setdefault(name, {})
        else:
            return None
        path = (*path, step)  # type: ignore[arg-type]
    if not isinstance(here, dict):
        return None
    here[names[-1]] = value
    return (*path, names[-1])


def _position(tables: list[Any], name: str) -> int | None:
    """The table that is called ``name``, or is the so manieth."""
    for index, table in enumerate(tables):
        called = table.get("name") if isinstance(table, dict) else None
        if isinstance(called, str) and re.sub(r"\W", "_", called.lower()) == name:
            return index
    return int(name) if name.isdecimal() and int(name) < len(tables) else None


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reworded(message: str) -> str:
    """What msgspec says, without its own notation of the place, which is ours to name."""
    return re.sub(r" - at `\$?(.*?)`$", r" (in \1)", message).replace(" (in )", "")


def _written(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
