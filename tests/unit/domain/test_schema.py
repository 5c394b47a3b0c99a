"""Stored documents are carried forward one version at a time, or refused with a remedy."""

from __future__ import annotations

import json

import pytest

from plimsoll.domain.parameters import parameter_set, parameter_set_from_document
from plimsoll.domain.schema import Document, migrated
from plimsoll.errors import DataFormatError


def rename(document: Document) -> Document:
    return {"schema": document["schema"], "rate": document["margin"]}


def double(document: Document) -> Document:
    return {**document, "rate": 2 * document["rate"]}


def test_versions_are_climbed_one_by_one() -> None:
    old = {"schema": "s", "schema_version": 1, "margin": 3}
    new = migrated(old, schema="s", current=3, migrations={1: rename, 2: double})
    assert new == {"schema": "s", "schema_version": 3, "rate": 6}
    assert old["schema_version"] == 1, "the document read is not changed"


@pytest.mark.parametrize("version", [0, 4, "1", None, True, 1.0])
def test_a_version_without_a_way_up_is_refused(version: object) -> None:
    document = {"schema": "s", "schema_version": version, "rate": 1}
    with pytest.raises(DataFormatError, match="schema_version"):
        migrated(document, schema="s", current=3, migrations={2: double})


def test_another_schema_is_refused() -> None:
    with pytest.raises(DataFormatError, match="must be 's'"):
        migrated({"schema": "t", "schema_version": 1}, schema="s", current=1, migrations={})


def test_a_parameter_set_of_an_older_version_is_read() -> None:
    """A version 0 that called the venue ``exchange``, read by a release that knows the way."""
    made = parameter_set(
        venue="v",
        valid_from="2025-01-01T00:00:00Z",
        parameters=(),
        seed=1,
        data_digest="d",
        problem_digest="p",
        code_version="c",
        label="l",
    )
    old = json.loads(made.canonical())
    old["exchange"] = old.pop("venue")
    old["schema_version"] = 0

    def to_one(document: Document) -> Document:
        return {**{k: v for k, v in document.items() if k != "exchange"}, "venue": "v"}

    assert parameter_set_from_document(old, migrations={0: to_one}) == made
    with pytest.raises(DataFormatError, match="schema_version"):
        parameter_set_from_document(old)
