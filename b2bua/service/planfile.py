"""Plans as text and as plain values: YAML in and out, and the form the store keeps.

:func:`read_plans` is total: any text gives plans or findings. The plain form is the YAML
form plus what publication adds (``version``, ``prompts``); it is JSON-able and loses
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import yaml

from b2bua.core.errors import B2buaError
from b2bua.service.plan import Plan
from b2bua.service.planreading import Known, PlanReader
from b2bua.service.plantext import Document, MalformedText, documents, field_name
from b2bua.service.planwriting import plain


class _Dumper(yaml.SafeDumper):
    """Quotes every text of digits, which other readers would take for numbers."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if text[:1].isdecimal() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)

Plain: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a plan, and what to do about it."""

    file: str
    line: int
    """From 1; 0 if the plan did not come from text."""
    field: str
    """Such as ``routes[2].when.hours``."""
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.message}".replace(": :", ":")


class MalformedPlan(B2buaError):
    """What a store gave back is no plan."""


def read_plans(text: str, file_name: str, known: Known) -> tuple[Plan, ...] | list[Finding]:
    """The plans of a file, one a document; or everything that is wrong with it."""
    read = read_documents(text, file_name, known)
    return read if isinstance(read, list) else tuple(plan for _, plan in read)


def read_documents(
    text: str, file_name: str, known: Known
) -> tuple[tuple[Document, Plan], ...] | list[Finding]:
    """The same, each plan with the document that knows its lines."""

    def finding(line: int, field: str, message: str) -> Finding:
        return Finding(file=file_name, line=line, field=field, message=message)

    try:
        found = documents(text)
    except MalformedText as error:
        return [finding(error.line, error.field_name, error.message)]
    if not found:
        return [finding(1, "", "there is no plan in it")]
    plans: list[tuple[Document, Plan]] = []
    findings: list[Finding] = []
    for document in found:
        read = _read(document, file_name, known)
        if isinstance(read, list):
            findings += read
            continue
        if any(plan.number == read.number for _, plan in plans):
            line = document.line(("number",))
            message = f"{read.number} has a plan already, further up"
            findings.append(finding(line, "number", message))
        plans.append((document, read))
    return findings or tuple(plans)


def read_plain(value: object, name: str, known: Known) -> Plan | list[Finding]:
    """One plan from plain values, as the portal sends it."""
    return _read(Document(value), name, known)


def plan_to_yaml(plan: Plan) -> str:
    """The plan as a file that :func:`read_plans` reads back."""
    return yaml.dump(
        plain(plan), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=92
    )


def yaml_text(value: object, *, flow: bool = False) -> str:
    """Any part of a plan as text; ``flow``: on one line, with braces and brackets."""
    return str(
        yaml.dump(
            value,
            Dumper=_Dumper,
            allow_unicode=True,
            sort_keys=False,
            default_flow_style=True if flow else None,
            width=float("inf") if flow else 92,
        )
    )


def plan_to_mapping(plan: Plan) -> Plain:
    """The plan as the store keeps it."""
    return {**plain(plan), "version": plan.version, "prompts": dict(plan.prompts)}


def plan_from_mapping(mapping: Mapping[str, object]) -> Plan:
    """The reverse of :func:`plan_to_mapping`; raises :class:`MalformedPlan`."""
    rest = {key: mapping[key] for key in mapping if key not in ("version", "prompts")}
    version, prompts = mapping.get("version", 0), mapping.get("prompts", {})
    if not isinstance(version, int) or not isinstance(prompts, Mapping):
        raise MalformedPlan("version is no number, or prompts are no mapping")
    # Checked when it was published: what the operator allowed then goes on working.
    read = read_plain(rest, "stored plan", Known(allowed_destinations=("",)))
    if not isinstance(read, Plan):
        raise MalformedPlan("; ".join(str(finding) for finding in read[:5]))
    names = {str(name): str(file) for name, file in prompts.items()}
    return replace(read, version=version, prompts=names)


def _read(document: Document, file_name: str, known: Known) -> Plan | list[Finding]:
    reader = PlanReader(document.value, known)
    plan = reader.read()
    lines = bool(document.lines)
    return [
        Finding(
            file=file_name,
            line=document.line(complaint.path) if lines else 0,
            field=field_name(complaint.path),
            message=complaint.message,
        )
        for complaint in reader.form.complaints
    ] or plan
