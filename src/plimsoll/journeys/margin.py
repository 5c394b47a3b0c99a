"""``margin``: what every account of a book must hold, under a parameter set or a preset."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, overload

from plimsoll import presets
from plimsoll.adapters.files.book import read_book
from plimsoll.adapters.files.marks import MarkedMarket, read_marks
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Perpetual, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import DataFormatError, ParameterError, PlimsollError, UsageError
from plimsoll.journeys.contract_terms import ONE_BASE_UNIT, ContractTerms, contract_terms
from plimsoll.journeys.currency_prices import currency_pricing
from plimsoll.journeys.margin_debts import debt_notes
from plimsoll.journeys.margin_institutions import with_institutions
from plimsoll.journeys.margin_preset import margin_by_preset
from plimsoll.journeys.margin_preset_result import PresetMargin
from plimsoll.journeys.margin_result import MarginResult
from plimsoll.journeys.margin_set_contracts import margin_instant, underlying_contracts
from plimsoll.journeys.margined_book import MarginedBook
from plimsoll.journeys.mark_age import DEFAULT_MAX_AGE
from plimsoll.journeys.params import read_parameters
from plimsoll.journeys.params_check import check_parameters
from plimsoll.margin.sided_tiers import venue_tiers
from plimsoll.margin.tiered import InitialRule, TieredMargin
from plimsoll.presets import Preset

ContractSize = Decimal | int | float | str


@overload
def margin_book(
    book: Any,
    parameters: ParameterSet | str | os.PathLike[str],
    marks: Any,
    *,
    at: Any = None,
    collateral: Any = None,
    contract_sizes: Mapping[str, ContractSize] | None = None,
    numeraire: str | None = None,
    venue_names: str | None = None,
    initial_rule: InitialRule | str = InitialRule.WHOLE_NOTIONAL,
) -> MarginResult: ...
@overload
def margin_book(
    book: Any,
    parameters: ParameterSet | str | os.PathLike[str] | None = None,
    *,
    preset: str | Preset,
    market: Any = None,
    at: Any = None,
    marks: Any = None,
    collateral: Any = None,
    numeraire: str | None = None,
    venue_names: str | None = None,
    surfaces: bool = False,
    max_age: Any = DEFAULT_MAX_AGE,
) -> PresetMargin: ...
def margin_book(
    book: Any,
    parameters: ParameterSet | str | os.PathLike[str] | None = None,
    marks: Any = None,
    *,
    preset: str | Preset | None = None,
    market: Any = None,
    at: Any = None,
    collateral: Any = None,
    contract_sizes: Mapping[str, ContractSize] | None = None,
    numeraire: str | None = None,
    venue_names: str | None = None,
    initial_rule: InitialRule | str = InitialRule.WHOLE_NOTIONAL,
    surfaces: bool = False,
    max_age: Any = DEFAULT_MAX_AGE,
) -> MarginResult | PresetMargin:
    """Margin every account of a book by a venue's preset, or by the tiers of a parameter set.

    With ``preset`` see `plimsoll.journeys.margin_preset.margin_by_preset`, with ``parameters``
    alone `margin_by_tiers`; what belongs to the other of the two must not be given. Beside a preset
    ``parameters`` is a calibrated grid, whose constants replace the preset's.

    Returns
    -------
    PresetMargin or MarginResult

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    if preset is None and parameters is None:
        raise UsageError(
            "must be given, one of the two or both",
            found="neither",
            field="preset or parameters",
            remedy=f"the presets are {', '.join(presets.names())}",
        )
    if preset is None:
        aged = None if max_age == DEFAULT_MAX_AGE else max_age
        chained = {"market": market, "surfaces": surfaces or None, "max_age": aged}
        _refuse_given("parameters", chained)
        assert parameters is not None
        return margin_by_tiers(
            book,
            parameters,
            marks,
            at=at,
            collateral=collateral,
            contract_sizes=contract_sizes,
            numeraire=numeraire,
            venue_names=venue_names,
            initial_rule=initial_rule,
        )
    rule = None if initial_rule == InitialRule.WHOLE_NOTIONAL else initial_rule
    _refuse_given("preset", {"contract_sizes": contract_sizes, "initial_rule": rule})
    return margin_by_preset(
        book,
        preset=preset,
        parameters=parameters,
        market=market,
        at=at,
        marks=marks,
        collateral=collateral,
        numeraire=numeraire,
        venue_names=venue_names,
        surfaces=surfaces,
        max_age=max_age,
    )


def _refuse_given(other: str, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"must not be given with {other}", found=value, field=name)


def margin_by_tiers(
    book: Any,
    parameters: ParameterSet | str | os.PathLike[str],
    marks: Any,
    *,
    at: Any = None,
    collateral: Any = None,
    contract_sizes: Mapping[str, ContractSize] | None = None,
    numeraire: str | None = None,
    venue_names: str | None = None,
    initial_rule: InitialRule | str = InitialRule.WHOLE_NOTIONAL,
) -> MarginResult:
    """Margin every account of a book by the tier model.

    Parameters
    ----------
    book : Book, path or frame
        Positions (pandas, polars, pyarrow; CSV; JSON); see `plimsoll.adapters.files.book`.
    parameters : ParameterSet or path
        The set, its JSON file, or the folder of a calibration.
    marks : path, frame, or mapping of market to mark
        May also state index, instrument and contract size; see `plimsoll.adapters.files.marks`.
    at : time, optional
        UTC; contracts run to it. Needed where the set has tables by time to expiry and the book
        dated futures.
    collateral : path, frame, mapping or text, optional
        Cross collateral, where the book does not hold it; of one account also ``BTC=2,USDC=5000``.
    contract_sizes : mapping of str to number, optional
        By market, over those among the marks. A linear contract without one is taken to be one
        base unit, which the result says; inverse and quanto ones must have theirs.
    numeraire : str, optional
        Currency of the result; by default the only one in use, else USD.
    venue_names : str, optional
        Venue whose names the markets have (`plimsoll.adapters.venues.Venue`); by default ccxt's
        unified names, else Binance's of USD-M and COIN-M contracts.
    initial_rule : InitialRule or str
        Whether initial rates hold for the whole notional or slice by slice.

    Returns
    -------
    MarginResult
        A position without a mark, beyond the last tier or of a market that the set does not know
        has a reason instead of a number.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    held = book if isinstance(book, Book) else read_book(book, collateral)
    if isinstance(book, Book) and collateral is not None:
        raise UsageError("must not be given with a Book, which holds it", field="collateral")
    known = parameters if isinstance(parameters, ParameterSet) else read_parameters(parameters)
    rows = read_marks(marks)
    sizes = {name: _size(name, size) for name, size in (contract_sizes or {}).items()}
    terms = contract_terms(
        held.markets, rows, known.markets, venue_names=venue_names, contract_sizes=sizes
    )
    held = replace(held, markets=tuple(terms.key_of[name] for name in held.markets))
    unit = numeraire or _only_currency(held, terms)
    try:
        tables = venue_tiers(known)
        contracts = {market: terms.instruments[market] for market in held.markets}
        beside = underlying_contracts(tables, contracts, terms.instruments, venue_names)
        now = margin_instant(at, tables, contracts, beside)
        rule = _rule(initial_rule)
        margined, owed = _margined(held, known, rows, terms, beside, unit, rule, now)
    except ParameterError as refused:
        raise _faulty(parameters, known, refused) from None
    return MarginResult(
        requirements=margined.requirements,
        parameters=known,
        margined=margined,
        notes=(*_notes(known, rows, terms, unit), *owed),
    )


def _faulty(given: Any, known: ParameterSet, refused: ParameterError) -> PlimsollError:
    """Name the set and the market of a fault, which the model that refused it does not know."""
    faults = check_parameters(known).faults
    if not faults:
        return refused
    first, left = faults[0], len(faults) - 1
    source = f"set {known.id[:12]}" if isinstance(given, ParameterSet) else os.fspath(given)
    return DataFormatError(
        f"must be a set that holds: {first.path}: {first.problem}",
        found=first.found,
        field=source,
        remedy=f"plimsoll params check {source}"
        + (f" names {left} more faults" if left else " explains it"),
    )


def _margined(
    book: Book,
    parameters: ParameterSet,
    rows: Sequence[MarkedMarket],
    terms: ContractTerms,
    beside: Mapping[str, Instrument],
    numeraire: str,
    rule: InitialRule,
    at_ns: int,
) -> tuple[MarginedBook, tuple[str, ...]]:
    """The book with its requirements; notes on institutions, and on debts that they do not see."""
    quotes = {terms.key_of[row.market]: _quote(row, terms) for row in rows}
    needed = [*_settled_in(book, terms), *book.currencies]
    pricing, stable = currency_pricing(needed, numeraire, quotes, terms.instruments)
    used = {*book.markets, *pricing.pricing_markets.values()}
    known = {**beside, **{m: i for m, i in terms.instruments.items() if m in used}}
    instruments = {market: _priceable(instrument) for market, instrument in known.items()}
    snapshot = MarketSnapshot(at_ns=at_ns, quotes=quotes, stable_price_usd=stable)
    tiered = TieredMargin(pricing=pricing, initial_rule=rule)
    model, borne = with_institutions(tiered, parameters, book, pricing)
    tables = venue_tiers(parameters)
    prepared = model.prepare(snapshot, tables, instruments)
    owed = debt_notes(prepared, book, pricing, snapshot, instruments)
    margined = MarginedBook(
        model=model,
        parameters=tables,
        instruments=instruments,
        snapshot=snapshot,
        pricing=pricing,
        prepared=prepared,
        requirements=prepared.requirements(book),
        judged=(True,) * len(book),
        venue=parameters.venue,
    )
    return margined, (*borne, *owed)


def _quote(row: MarkedMarket, terms: ContractTerms) -> Quote:
    """A spot price is an index; a contract's mark is none."""
    spot = isinstance(terms.instruments.get(terms.key_of[row.market]), Spot)
    index = row.index if row.index is not None else row.mark if spot else float("nan")
    return Quote(mark=row.mark, index=index)


def _priceable(instrument: Instrument) -> Instrument:
    """Give a contract that only prices a currency some size: the model wants one, uses none."""
    if isinstance(instrument, Perpetual | Future) and instrument.contract_size is None:
        return instrument.with_contract_size(ONE_BASE_UNIT)
    return instrument


def _settled_in(book: Book, terms: ContractTerms) -> list[str]:
    return [terms.instruments[market].settle for market in book.markets]


def _only_currency(book: Book, terms: ContractTerms) -> str:
    currencies = {*_settled_in(book, terms), *book.currencies}
    return currencies.pop() if len(currencies) == 1 else "USD"


def _size(name: str, size: ContractSize) -> Decimal:
    try:
        found = Decimal(str(size))
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and found > 0):
        raise UsageError("must be a positive number", found=size, field=f"contract_size of {name}")
    return found


def _rule(rule: InitialRule | str) -> InitialRule:
    if rule not in tuple(InitialRule):
        raise UsageError(
            f"must be one of {[r.value for r in InitialRule]}", found=rule, field="initial_rule"
        )
    return InitialRule(rule)


def _notes(
    parameters: ParameterSet,
    rows: Sequence[MarkedMarket],
    terms: ContractTerms,
    numeraire: str,
) -> tuple[str, ...]:
    notes = [
        f"Parameter set {parameters.id[:12]} of {parameters.venue}; {parameters.label}.",
        f"Amounts in {numeraire}; losses and requirements are positive.",
    ]
    if terms.assumed:
        notes.append(f"Contract size not stated, one base unit taken: {', '.join(terms.assumed)}.")
    renamed = [f"{name} is {key}" for name, key in terms.key_of.items() if name != key]
    if renamed:
        notes.append(f"Names of one contract: {', '.join(renamed)}.")
    unused = [row.market for row in rows if terms.key_of[row.market] not in terms.instruments]
    if unused:
        notes.append(f"Marks of names that could not be read, not used: {', '.join(unused)}.")
    return tuple(notes)
