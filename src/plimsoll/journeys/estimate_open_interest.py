"""Open interest of markets from a file: totals, or positions by holder."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from plimsoll.errors import DataFormatError
from plimsoll.journeys.table_rows import table_rows

TOTALS = ("market", "open_interest_usd")
POSITIONS = ("market", "side", "position_usd")
SIDES = ("long", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterest:
    """Open interest of one market in dollars.

    Parameters
    ----------
    total_usd : float
        One side of it: every contract has a long and a short. Of positions, the larger sum.
    longs, shorts : tuple of float
        Sizes by holder, where the file has them.
    """

    total_usd: float
    longs: tuple[float, ...] = ()
    shorts: tuple[float, ...] = ()


def read_open_interest(
    path: str | os.PathLike[str], markets: Collection[str]
) -> dict[str, OpenInterest]:
    """Read a CSV file: ``market,open_interest_usd``, or ``market,side,position_usd`` by holder.

    Parameters
    ----------
    path : path
    markets : collection of str
        Of the prices; one of them at least must be in the file. Others are passed over.

    Raises
    ------
    DataFormatError
        Not a CSV file, other columns, an amount that is no number or negative, another side than
        ``long`` or ``short``, a total given twice, no market of the prices.
    """
    rows = _rows(Path(path))
    found = _positions(rows, str(path)) if "side" in rows[0] else _totals(rows, str(path))
    if not set(found) & set(markets):
        raise DataFormatError(
            "must name markets as the prices do",
            found=sorted(found)[:3],
            field=str(path),
            remedy=f"such as {', '.join(sorted(markets)[:3])}",
        )
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    rows = table_rows(path)
    there = {str(name) for name in rows[0]} if rows else set()
    if not (set(TOTALS) <= there or set(POSITIONS) <= there):
        raise DataFormatError(
            f"must have the columns {', '.join(TOTALS)}, or {', '.join(POSITIONS)}",
            found=sorted(there) or "no row",
            field=str(path),
        )
    return rows


def _totals(rows: list[dict[str, str]], source: str) -> dict[str, OpenInterest]:
    found: dict[str, OpenInterest] = {}
    for number, row in enumerate(rows):
        market = row["market"]
        if market in found:
            raise DataFormatError(
                "must give each market once", found=market, field=source, row=number
            )
        amount = _amount(row, "open_interest_usd", source, number)
        found[market] = OpenInterest(total_usd=amount)
    return found


def _positions(rows: list[dict[str, str]], source: str) -> dict[str, OpenInterest]:
    held: dict[str, Mapping[str, list[float]]] = {}
    for number, row in enumerate(rows):
        side = row["side"]
        if side not in SIDES:
            raise DataFormatError(
                "side must be long or short", found=side, field=source, row=number
            )
        sizes = held.setdefault(row["market"], {name: [] for name in SIDES})
        sizes[side].append(_amount(row, "position_usd", source, number))
    return {
        market: OpenInterest(
            total_usd=max(sum(sizes["long"]), sum(sizes["short"])),
            longs=tuple(sizes["long"]),
            shorts=tuple(sizes["short"]),
        )
        for market, sizes in held.items()
    }


def _amount(row: Mapping[str, str], name: str, source: str, number: int) -> float:
    try:
        amount = float(row[name])
    except (TypeError, ValueError):
        amount = math.nan
    if not 0.0 <= amount < math.inf:
        raise DataFormatError(
            f"{name} must be dollars, none negative", found=row[name], field=source, row=number
        )
    return amount
