"""``plimsoll demo`` leaves a generated option chain beside its prices, for the next command."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import plimsoll
from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.files.output_folder import verify_output
from plimsoll.domain.evidence import Verdict
from plimsoll.errors import DataError, StorageError
from plimsoll.journeys.demo import OPTION_CHAIN, write_option_chain
from plimsoll.sandbox.option_chain import option_chain

READING = "plimsoll.journeys.calibrate.read_prices"


@pytest.fixture(scope="module")
def chain_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / OPTION_CHAIN
    with path.open("wb") as stream:
        write_option_chain(stream)
    return path


def test_the_chain_is_the_sandboxs(chain_file: Path) -> None:
    """Read back, every column is that of the generated chain: to the bit, none lost."""
    (read,) = read_chains(chain_file)
    made = option_chain(1).chain
    order = [made.names.index(name) for name in read.names]
    assert sorted(order) == list(range(len(made)))
    assert read.at_ns == made.at_ns
    for name in ("expiry_ns", "strike", "bid", "ask", "mark", "forward", "index", "mark_vol"):
        assert np.array_equal(
            getattr(read, name), getattr(made, name)[order], equal_nan=name in ("bid", "ask")
        ), name


def test_it_says_that_it_is_synthetic(chain_file: Path) -> None:
    assert "SYNTHETIC" in chain_file.name
    assert "SYNTHETIC" in pl.read_parquet_metadata(chain_file)["plimsoll.source"]
    result = plimsoll.surface(chain_file)
    assert "SYNTHETIC" in result.source
    assert "SYNTHETIC" in result.to_html()


def test_it_is_always_the_same_bytes(chain_file: Path) -> None:
    again = io.BytesIO()
    write_option_chain(again)
    assert again.getvalue() == chain_file.read_bytes()


def test_its_surface_holds(chain_file: Path) -> None:
    """And is the surface it was made from, to half a point at the money: a day's half-spread."""
    result = plimsoll.surface(chain_file)
    assert result.verdict is Verdict.HOLDS
    truth = {smile.expiry_ns: smile for smile in option_chain(1).truth.smiles}
    for smile in result.surface().smiles:
        true = truth[smile.expiry_ns]
        found, known = (
            np.sqrt((s.a + s.b * (np.hypot(s.m, s.sigma) - s.rho * s.m)) / s.tau_years)
            for s in (smile, true)
        )
        assert abs(found - known) < 0.005


def test_a_chain_of_the_user_is_refused_before_data_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("data were read")

    monkeypatch.setattr(READING, read)
    (tmp_path / OPTION_CHAIN).write_text("mine")
    with pytest.raises(StorageError, match=OPTION_CHAIN):
        plimsoll.demo(tmp_path)
    assert (tmp_path / OPTION_CHAIN).read_text() == "mine"


def test_a_demo_that_fails_leaves_the_chain_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise DataError("must be readable")

    monkeypatch.setattr(READING, read)
    with pytest.raises(DataError):
        plimsoll.demo(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_demo_writes_it_among_its_files(tmp_path: Path, chain_file: Path) -> None:
    result = plimsoll.demo(tmp_path / "out")
    written = tmp_path / "out" / OPTION_CHAIN
    assert written in result.files
    # All that was written, the manifest and every table among it.
    there = {path for path in written.parent.rglob("*") if path.is_file()}
    assert set(result.files) == there
    assert {path.name for path in there} >= {"manifest.json", "coverage.csv"}
    assert written.read_bytes() == chain_file.read_bytes()
    assert verify_output(tmp_path / "out") == ()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert manifest["files"][OPTION_CHAIN]["sha256"] == digest
