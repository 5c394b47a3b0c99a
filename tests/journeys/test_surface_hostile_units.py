"""Chains in a wrong unit through the command: an answer or a reason, and always valid JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain_files import hostile_units
from command_line import plimsoll_cli
from plimsoll.sandbox.option_chain import option_chain
from plimsoll.sandbox.option_chain_table import chain_table

MINUTE = 60_000_000_000


def surface_json(path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document; a constant that is no JSON (NaN, Infinity) fails the test."""
    done = plimsoll_cli("surface", path, "--json", *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize("wrong", sorted(hostile_units()))
def test_one_chain_in_a_wrong_unit(tmp_path: Path, wrong: str) -> None:
    path, page = tmp_path / "SYNTHETIC-hostile.parquet", tmp_path / "page.html"
    chain_table([hostile_units()[wrong]]).write_parquet(path)
    code, document = surface_json(path, "--out", str(page))
    assert code in (0, 1)
    (chain,) = document["result"]["chains"]
    assert chain["vol_index"]["quotes"] == {"value": None, "reason": "no expiry before"}
    assert "nan" not in [word.lower() for word in page.read_text("utf-8").split()]


def test_one_of_them_does_not_stop_the_others(tmp_path: Path) -> None:
    """Each a minute after the last, with good ones before and after."""
    good = option_chain(7).chain
    chains = [good, *hostile_units().values(), good]
    path, page = tmp_path / "SYNTHETIC-hostile.parquet", tmp_path / "page.html"
    timed = [replace(chain, at_ns=good.at_ns + i * MINUTE) for i, chain in enumerate(chains)]
    chain_table(timed).write_parquet(path)
    code, document = surface_json(path, "--all", "--out", str(page))
    assert code == 1
    found = {record["at"]: record for record in document["result"]["surfaces"]}
    assert len(found) == len(chains)
    indices = [found[at]["vol_index"]["quotes"]["value"] for at in sorted(found)]
    assert [value is None for value in indices] == [False, *[True] * 4, False]
    assert "</html>" in page.read_text("utf-8")
