"""What the documents say is there is there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import rfc_index
from tests.architecture.sources import ROOT

DOCUMENTS: Final = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("prompts/*.md")]
)
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED_FILE: Final = re.compile(
    r"`((?:b2bua|media|prompts|config|tests|docs|sip|\.ci)/[\w./-]*)`"
)
"""A path in backquotes; ``sip/`` is short for ``b2bua/sip/``."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [target for target in LINK.findall(text) if "://" not in target]
    broken = [
        target
        for target in targets
        if not (document.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [
        name
        for name in NAMED_FILE.findall(text)
        if not any((ROOT / base / name).exists() for base in ("", "b2bua"))
    ]
    assert missing == []


def test_the_rfc_page_is_up_to_date() -> None:
    untitled = rfc_index.citations().keys() - rfc_index.TITLES.keys()
    assert untitled == set(), "give them words in rfc_index.TITLES"
    written = rfc_index.PAGE.read_text(encoding="utf-8")
    assert written == rfc_index.page(), "run: python -m tests.architecture.rfc_index"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("RFC 3261 §17.1.1.2", {3261}),
        ("(RFC 3264, RFC 6337)", {3264, 6337}),
        ("RFCs 3264 and 6337", {3264, 6337}),
        ("RFC 3261, 6026 and 4320", {3261, 6026, 4320}),
        ("RFC3261", {3261}),
        ("no RFC at all, 3261", set()),
    ],
)
def test_citations_are_seen(text: str, numbers: set[int]) -> None:
    assert rfc_index.cited(text) == numbers
