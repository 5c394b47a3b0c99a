"""Reasons: a phrase and a line in the documentation for each."""

from __future__ import annotations

from pathlib import Path

from plimsoll.domain.margin_reason import MarginReason

PAGE = Path(__file__).parents[3] / "docs" / "models" / "reasons.md"


def test_each_reason_has_a_phrase_of_its_own() -> None:
    texts = [reason.text for reason in MarginReason]
    assert len(set(texts)) == len(texts)
    assert texts[0] == ""


def test_each_reason_is_documented() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in row.split("|")[1].replace("`", "").split(",")]
    expected = sorted(r.name for r in MarginReason if r is not MarginReason.NONE)
    assert sorted(name.strip() for name in named) == expected
