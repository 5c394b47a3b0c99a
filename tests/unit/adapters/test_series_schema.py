"""Stored parts state their schema and version; a part that states another is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from plimsoll.adapters.files import series_store
from plimsoll.errors import DataFormatError


def part(series: series_store.Series, path: Path) -> None:
    table = series_store._frame(series, [(1_700_000_000_000, 0.001)])
    with path.open("wb") as stream:
        series_store._write(table, stream)


@pytest.fixture
def series(tmp_path: Path) -> series_store.Series:
    return series_store.Series(
        folder=tmp_path, symbol="BTC/USDT:USDT", fields=("funding_rate",), by_month=False
    )


def test_a_part_says_what_it_is(series: series_store.Series, tmp_path: Path) -> None:
    path = tmp_path / "2023.parquet"
    part(series, path)
    stated = pl.read_parquet_metadata(path)
    assert (stated["schema"], stated["schema_version"]) == ("plimsoll.series", "1")
    assert series_store._read(series, path).height == 1


@pytest.mark.parametrize("metadata", [{}, {"schema": "plimsoll.series", "schema_version": "9"}])
def test_a_part_of_another_schema_is_refused(
    series: series_store.Series, tmp_path: Path, metadata: dict[str, str]
) -> None:
    path = tmp_path / "2023.parquet"
    part(series, path)
    pl.read_parquet(path).write_parquet(path, metadata=metadata)
    with pytest.raises(DataFormatError, match="schema"):
        series_store._read(series, path)
