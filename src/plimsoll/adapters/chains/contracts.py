"""Names of options to their terms: each name is parsed once and held against the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.venues.names import FORMS, Venue
from plimsoll.domain.instrument import Option, OptionRight, Pair, Payoff
from plimsoll.errors import DataFormatError, UsageError

_UNREADABLE = -1
_NO_OPTION = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What all options of one chain have in common."""

    pair: Pair
    settle: str
    payoff: Payoff


@dataclass(frozen=True, slots=True)
class _Terms:
    group: int
    expiry_ns: int = 0
    strike: float = np.nan
    is_call: bool = False


@dataclass(slots=True)
class ContractNames:
    """Names seen so far and their terms: a name stands in many snapshots and is parsed once.

    Parameters
    ----------
    venue : Venue
        Whose names they are.
    """

    venue: Venue
    contracts: list[Contract] = field(default_factory=list)
    _numbers: dict[Contract, int] = field(default_factory=dict)
    _known: dict[str, _Terms] = field(default_factory=dict)

    def terms(self, name: str) -> _Terms:
        """Return the terms of a name; a group below zero where it names no option."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._parse(name)
        return found

    def _parse(self, name: str) -> _Terms:
        form = FORMS[self.venue]
        try:
            option = form.read(name)
        except UsageError:  # the parts fit the form but are no possible contract
            option = None
        if option is None or form.write(option) != name:
            return _Terms(_UNREADABLE)
        if not isinstance(option, Option):
            return _Terms(_NO_OPTION)
        contract = Contract(pair=option.pair, settle=option.settle, payoff=option.payoff)
        group = self._numbers.setdefault(contract, len(self.contracts))
        if group == len(self.contracts):
            self.contracts.append(contract)
        return _Terms(
            group, option.expiry_ns, float(option.strike), option.right is OptionRight.CALL
        )


def with_terms(
    frame: pl.DataFrame, names: ContractNames, source: str
) -> tuple[pl.DataFrame, list[str]]:
    """Return rows with ``group`` (of ``names.contracts``) and terms without nulls, and the names.

    Column ``name`` of the result is each row's place in the list of distinct names.

    Rows of futures and spot are no options and are left out. A row whose name and columns
    contradict each other, or that has neither, keeps its place without a strike (NaN), for the
    checks of the chain to report.

    Raises
    ------
    DataFormatError
        An unreadable name in a row that does not tell its currency either.
    """
    unique, codes = _unique(frame["name"])
    terms = [names.terms(name) for name in unique]
    group = np.array([term.group for term in terms], dtype=np.int64)[codes]
    if (group == _UNREADABLE).any():
        group = _placed(frame, group, names, source)
    told = {
        "expiry_ns": np.array([term.expiry_ns for term in terms], dtype=np.int64)[codes],
        "strike": np.array([term.strike for term in terms], dtype=np.float64)[codes],
        "is_call": np.array([term.is_call for term in terms], dtype=np.bool_)[codes],
    }
    readable = np.array([term.group >= 0 for term in terms], dtype=np.bool_)[codes]
    rows = frame.drop("name", *(name for name in told if name in frame.columns))
    rows = rows.with_columns(
        pl.Series("group", group),
        pl.Series("name", codes),
        *(pl.Series(name, values) for name, values in _agreed(frame, told, readable).items()),
    )
    return rows.filter(pl.Series(group >= 0)), unique


def _unique(names: pl.Series) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct names and, for each row, which it is."""
    codes = names.cast(pl.Categorical).to_physical().to_numpy()
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return names.gather(pl.Series(first)).cast(pl.String).to_list(), inverse.astype(np.int64)


def _agreed(
    frame: pl.DataFrame, told: dict[str, NDArray[np.generic]], readable: NDArray[np.bool_]
) -> dict[str, NDArray[np.generic]]:
    """Return the terms of name or columns; no strike where both speak and disagree."""
    stated = {name: frame[name] for name in told if name in frame.columns}
    wrong = np.zeros(len(frame), dtype=np.bool_)
    terms = dict(told)
    for name, column in stated.items():
        given = column.is_not_null().to_numpy()
        values = column.fill_null(False if column.dtype == pl.Boolean else 0).to_numpy()
        wrong |= given & readable & ~_same(values, told[name])
        terms[name] = np.where(readable, told[name], values)
    complete = np.ones(len(frame), dtype=np.bool_)
    for name in told:
        complete &= stated[name].is_not_null().to_numpy() if name in stated else False
    terms["strike"] = np.where(wrong | ~(readable | complete), np.nan, terms["strike"])
    return terms


def _same(values: NDArray[np.generic], told: NDArray[np.generic]) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.isclose(values.astype(np.float64), told.astype(np.float64), rtol=1e-9, atol=0.0)
    same: NDArray[np.bool_] = np.asarray(values == told)
    return same


def _placed(
    frame: pl.DataFrame, group: NDArray[np.int64], names: ContractNames, source: str
) -> NDArray[np.int64]:
    """Return the groups with unreadable names put into the chain of their currency."""
    placed, currencies = group.copy(), frame["currency"].cast(pl.String)
    present = set(np.unique(group[group >= 0]).tolist())
    for row in np.flatnonzero(group == _UNREADABLE):
        currency = currencies[int(row)]
        homes = [
            number
            for number in present
            if currency in (None, names.contracts[number].pair.base, names.contracts[number].settle)
        ]
        if len(homes) != 1 or currency is None:
            raise DataFormatError(
                f"must be the name of an option at {names.venue.value}",
                found=str(frame["name"][int(row)]),
                field=f"{source}: name",
                row=int(frame[ROW][int(row)]),
                remedy="correct the name, or leave the row out",
            )
        placed[row] = homes[0]
    return placed
