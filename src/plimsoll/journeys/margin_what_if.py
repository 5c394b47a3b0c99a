"""What-if: the margin of one account with other positions, prices or volatilities.

Request and reply have the shape of Deribit's ``private/simulate_portfolio``: sizes in base
currency, ``add_positions`` true adds them and false puts them in the place of what is held. Trades
are made at the mark, so they change no equity; prices and volatilities move afterwards.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_contracts import held_contracts
from plimsoll.journeys.margin_explained import accuracy_note
from plimsoll.journeys.margin_hypothetical import moved_market
from plimsoll.journeys.margin_reasons import run_reasons
from plimsoll.journeys.margin_run import CurrencyRun, MarginRun, run_margin
from plimsoll.journeys.margin_summary import AMOUNTS, account_summaries, collateral_ask
from plimsoll.journeys.margin_surface_marks import with_surface_marks
from plimsoll.journeys.margin_trades import beside_linked, frozen_accounts, traded_accounts
from plimsoll.journeys.margin_units import MarginStatus, digits_of, unit_status

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRequest:
    """What to change.

    Parameters
    ----------
    account : str or None
        None: the only one of the book.
    simulated_positions : mapping of str to float
        Size in base currency by instrument, positive = long; as Deribit's request has it.
    add_positions : bool
        True: on top of what is held; False: instead of all of it.
    remove_positions : tuple of str
        Instruments to close.
    index_prices : mapping of str to float
        New dollar price by coin; its perpetuals, futures and forwards move by the same factor.
    vol_shifts : mapping of str to float
        Added to the volatility of every option of a coin, as a fraction: 0.1 is 10 points. More
        than 300 points are taken, with a note that says what they are.
    marks : mapping of str to float
        New mark of a perpetual or future, over what its index says.
    currency : str or None
        Only this currency's account, where accounts are segregated.

    Raises
    ------
    UsageError
    """

    account: str | None = None
    simulated_positions: Mapping[str, float] = field(default_factory=dict)
    add_positions: bool = True
    remove_positions: tuple[str, ...] = ()
    index_prices: Mapping[str, float] = field(default_factory=dict)
    vol_shifts: Mapping[str, float] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)
    currency: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.add_positions, bool):
            raise UsageError(
                "must be true or false", found=self.add_positions, field="add_positions"
            )
        for name in ("simulated_positions", "index_prices", "vol_shifts", "marks"):
            _check_numbers(name, getattr(self, name), positive=name in ("index_prices", "marks"))
        for name in ("account", "currency"):
            if not isinstance(getattr(self, name), str | None):
                raise UsageError("must be a name", found=getattr(self, name), field=name)
        listed: Any = self.remove_positions
        if not isinstance(listed, list | tuple) or not all(isinstance(m, str) for m in listed):
            raise UsageError(
                "must be a list of instruments", found=listed, field="remove_positions"
            )
        object.__setattr__(self, "remove_positions", tuple(listed))

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> WhatIfRequest:
        """Read a request; a key nobody knows is refused.

        Raises
        ------
        UsageError
        """
        if not isinstance(request, Mapping):
            raise UsageError("must be an object", found=type(request).__name__, field="what-if")
        known = [f.name for f in fields(cls)]
        for key in request:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                meant = f"did you mean {near[0]}? " if near else ""
                raise UsageError(
                    "must have known keys only",
                    found=key,
                    field="what-if",
                    remedy=f"{meant}The keys are {', '.join(known)}",
                )
        made = cls(**request)
        if not any(getattr(made, f) for f in _CHANGES):
            raise UsageError(
                "must change something", found=dict(request), field="what-if",
                remedy=f"give one of {', '.join(_CHANGES)}",
            )  # fmt: skip
        return made


_LARGE_SHIFT = 3.0
"""A shift of the volatility above 300 points is more likely meant in points."""

_CHANGES = ("simulated_positions", "remove_positions", "index_prices", "vol_shifts", "marks")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WhatIf:
    """An account before and after; shows itself as a table.

    Parameters
    ----------
    before, after : MarginRun
        All of the book, and the account alone after the change.
    account : str
    notes : tuple of str
    currency : str or None
    """

    before: MarginRun
    after: MarginRun
    account: str
    notes: tuple[str, ...] = ()
    currency: str | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the account has no number after the change; empty where it has."""
        found = []
        for own in self._runs_after():
            told = run_reasons(self.after, own)
            found += [told[unit] for unit in self._units(own) if unit in told]
        return tuple(dict.fromkeys(found))

    @property
    def unknown(self) -> bool:
        """Whether the account has no number after the change."""
        return self._stands(MarginStatus.UNKNOWN)

    @property
    def under_maintenance(self) -> bool:
        """Whether the account is under its maintenance margin after the change."""
        return self._stands(MarginStatus.UNDER_MAINTENANCE)

    def reply(self) -> dict[str, Any]:
        """Return before, after and difference by the names of Deribit's reply.

        ``initial_margin`` and ``maintenance_margin`` are net: of the portfolio. The ``gross`` ones
        are the sums of what each position would ask by itself. An amount without number is None.
        """
        before, after = self._summaries(self.before), self._summaries(self.after)
        return {
            "account": self.account,
            "preset": self.after.setting.preset.name,
            "accuracy": self.after.setting.preset.accuracy.value,
            "parameter_set_id": self.after.setting.preset.parameter_set_id,
            "sources": [str(source) for source in self.after.setting.preset.sources],
            "before": list(before.values()),
            "after": list(after.values()),
            "difference": [
                _difference(before.get(c, {}), after.get(c, {}), c) for c in {**before, **after}
            ],
            "under_maintenance": [self.account] if self.under_maintenance else [],
            "unknown": [self.account] if self.unknown else [],
            "reasons": list(self.reasons),
            "notes": list(self._told()),
        }

    def table(self) -> Table:
        """Return before, after and difference; one row per amount and currency."""
        reply = self.reply()
        rows: list[tuple[Cell, ...]] = [
            (c, AMOUNTS[name], *cells) for c, name, cells in _rows(reply)
        ]
        digits = max((digits_of(str(row[0])) for row in rows), default=2)
        numbers = [
            Column(name=n, title=n.capitalize(), kind=ColumnKind.MONEY, digits=digits)
            for n in ("before", "after", "difference")
        ]
        return Table(
            name="what_if",
            title=f"What if: {self.account} under {self.after.setting.preset.title}",
            columns=(
                Column(name="currency", title="Currency"),
                Column(name="amount", title="Amount"),
                *numbers,
            ),
            rows=tuple(rows),
            notes=(*self._told(), accuracy_note(self.after.setting.preset)),
        )

    def collateral_notes(self) -> Iterator[str]:
        """Say why gross may stand below net: coins held as collateral ask something too."""
        for own in self._runs_after():
            initial, maintenance = collateral_ask(own, self.account)
            if initial > 0.0 or maintenance > 0.0:
                digits = digits_of(own.currency)
                yield (
                    f"Coins held as collateral ask {initial:,.{digits}f} initial and "
                    f"{maintenance:,.{digits}f} maintenance {own.currency} themselves, in net and "
                    "not in gross."
                )

    def _told(self) -> Iterator[str]:
        yield from (f"No number after the change: {reason}." for reason in self.reasons)
        yield from self.notes

    def _runs_after(self) -> list[CurrencyRun]:
        named = [own for own in self.after.runs if self.currency in (None, own.currency)]
        return [own for own in named if self.account in own.held.book.accounts]

    def _units(self, own: CurrencyRun) -> list[int]:
        return [int(unit) for unit in own.requirements.units_of(self.account)]

    def _stands(self, status: MarginStatus) -> bool:
        return any(
            unit_status(own.requirements, own.held.has_collateral)[unit] is status
            for own in self._runs_after()
            for unit in self._units(own)
        )

    def _summaries(self, run: MarginRun) -> dict[str, Summary]:
        found = account_summaries(run, self.account)
        return {c: s for c, s in found.items() if self.currency in (None, c)}

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def what_if(run: MarginRun, request: Mapping[str, Any]) -> WhatIf:
    """Margin one account again after a change.

    Raises
    ------
    UsageError
        A request that cannot be read, an account or instrument that is not there.
    """
    asked = WhatIfRequest.of(request)
    name = run.account(asked.account)
    kept = frozen_accounts(run, name)
    listed, valued = _valued(run, asked.simulated_positions)
    traded = traded_accounts(
        listed,
        kept,
        name,
        dict(asked.simulated_positions),
        asked.remove_positions,
        add=asked.add_positions,
    )
    linked = beside_linked(run, traded, name)
    market, moved = moved_market(
        listed.setting.market, linked, asked.index_prices, asked.vol_shifts, asked.marks,
        run.setting.preset, run.setting.venue_names,
    )  # fmt: skip
    setting = replace(run.setting, accounts=linked, market=market)
    after = run_margin(setting)
    _check_currency(asked.currency, run, after)
    found = WhatIf(before=run, after=after, account=name, currency=asked.currency)
    return replace(found, notes=tuple(_notes(asked, found, (*valued, *moved))))


def _valued(run: MarginRun, sizes: Mapping[str, float]) -> tuple[MarginRun, tuple[str, ...]]:
    """Return the run in a market that values options to be traded, and notes on them."""
    setting = run.setting
    if not setting.surfaces:
        return run, ()
    traded = held_contracts(sizes, setting.preset, setting.market.marks, setting.venue_names)
    market, notes = with_surface_marks(setting.market, traded)
    return replace(run, setting=replace(setting, market=market)), notes


def _notes(asked: WhatIfRequest, found: WhatIf, moved: tuple[str, ...]) -> Iterator[str]:
    if asked.simulated_positions or asked.remove_positions:
        known = not found.unknown and found.account in found.after.setting.accounts.collateral
        kept = ", so equity does not change by them" if known else ""
        yield f"Trades are made at the mark{kept}; no fees."
        if found.unknown:
            yield "What has no mark is not paid for: cash is that without it."
    yield from moved
    for coin, shift in asked.vol_shifts.items():
        if abs(shift) > _LARGE_SHIFT:
            yield (
                f"vol_shifts are fractions: {shift:g} of {coin} is {100.0 * shift:,.0f} points; "
                f"{shift / 100.0:g} would be {shift:g} points."
            )
    yield (
        "Net: margin of the portfolio. Gross: the sum of what each position would ask by itself."
    )
    yield from found.collateral_notes()


def _rows(reply: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    for place, difference in enumerate(reply["difference"]):
        currency = difference["currency"]
        sides: list[Summary] = []
        for name in ("before", "after"):
            sides.append(next((s for s in reply[name] if s["currency"] == currency), {}))
        for name in AMOUNTS:
            cells = (*(s.get(name) for s in sides), reply["difference"][place].get(name))
            yield currency, name, tuple(math.nan if c is None else c for c in cells)


def _difference(before: Summary, after: Summary, currency: str) -> dict[str, Any]:
    """Differences of amounts; what one side lacks counts as nothing held there."""
    found: dict[str, Any] = {"currency": currency}
    for name in AMOUNTS:
        first = before.get(name, 0.0) if before else 0.0
        last = after.get(name, 0.0) if after else 0.0
        found[name] = None if first is None or last is None else last - first
    return found


def _check_numbers(name: str, values: Any, *, positive: bool) -> None:
    if not isinstance(values, Mapping):
        raise UsageError(
            "must be numbers by name", found=values, field=name, remedy='such as {"BTC": 1}'
        )
    for key, value in values.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(key, str) or not key.strip():
            raise UsageError("must have names for keys", found=key, field=name)
        if not (number and math.isfinite(value)) or (positive and not value > 0.0):
            must = "must be a positive number" if positive else "must be a finite number"
            raise UsageError(must, found=value, field=f"{name}.{key}")


def _check_currency(currency: str | None, *runs: MarginRun) -> None:
    known = dict.fromkeys(own.currency for run in runs for own in run.runs)
    if currency is not None and currency not in known:
        raise UsageError(
            f"must be one of {', '.join(known)}", found=currency, field="what-if.currency"
        )
