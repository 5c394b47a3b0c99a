"""``margin`` by preset: what a book must hold under a venue's published rules."""

from __future__ import annotations

import os
from typing import Any

from plimsoll import presets
from plimsoll.adapters.files.account_forms import read_accounts
from plimsoll.adapters.venues.names import FORMS, Venue
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Column, Table
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_contracts import OTHER_SPACES, held_contracts, own_spaces
from plimsoll.journeys.margin_market import read_margin_market
from plimsoll.journeys.margin_preset_result import PresetMargin
from plimsoll.journeys.margin_run import MarginSetting, run_margin
from plimsoll.journeys.margin_set_preset import preset_with_set
from plimsoll.journeys.margin_surface_marks import with_surface_marks
from plimsoll.journeys.mark_age import DEFAULT_MAX_AGE
from plimsoll.journeys.params import read_parameters
from plimsoll.presets import Preset


def margin_by_preset(
    book: Any,
    *,
    preset: str | Preset,
    parameters: ParameterSet | str | os.PathLike[str] | None = None,
    market: Any = None,
    at: Any = None,
    marks: Any = None,
    collateral: Any = None,
    numeraire: str | None = None,
    venue_names: str | None = None,
    surfaces: bool = False,
    max_age: Any = DEFAULT_MAX_AGE,
) -> PresetMargin:
    """Margin every account of a book under a preset.

    Parameters
    ----------
    book : path, mapping, list or frame
        See `plimsoll.adapters.files.account_forms`; ``{"BTC-PERPETUAL": 10}`` is one account
        whose sizes count coins.
    preset : str or Preset
        See `plimsoll.presets.names`.
    parameters : ParameterSet or path, optional
        A calibrated set, its JSON file or folder: its constants or tier tables in the place of
        the preset's, which stand where the set has none (`plimsoll.journeys.margin_set_preset`).
    market : path, chains in memory, or marks
        Option chains, or a table of marks (`plimsoll.journeys.margin_marks`).
    at : time, optional
        UTC; the last chain at or before it, or the time of the marks. Contracts run to it.
    marks : path, frame or mapping, optional
        Over what the chains say: perpetuals above all, which chains do not hold.
    collateral : path, mapping or text, optional
        Where the book does not hold it.
    numeraire : str, optional
        Currency of the requirement; by default the preset's.
    venue_names : str, optional
        Venue whose names to read first.
    surfaces : bool
        Value options that the chains do not list off surfaces fitted to them.
    max_age : text, timedelta or None
        How old marks may be at ``at``: ``30s``, ``1h``, ``2d``; ``any`` or None. What is older is
        stale, a reason in every account that holds it.

    Returns
    -------
    PresetMargin
        A position that cannot be margined has a reason instead of a number; the rest is computed.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    _check_texts(numeraire=numeraire, venue_names=venue_names)
    chosen = _chosen(preset, parameters)
    accounts = read_accounts(book, collateral)
    priced = read_margin_market(market, at=at, marks=marks, max_age=max_age)
    notes: tuple[str, ...] = ()
    if surfaces:
        held = held_contracts(accounts.markets, chosen, priced.marks, venue_names)
        priced, notes = with_surface_marks(priced, held)
    setting = MarginSetting(
        preset=chosen,
        accounts=accounts,
        market=priced,
        notes=notes,
        numeraire=None if numeraire is None else numeraire.strip().upper(),
        venue_names=venue_names,
        surfaces=surfaces,
    )
    return PresetMargin(run=run_margin(setting))


def _chosen(
    preset: str | Preset, parameters: ParameterSet | str | os.PathLike[str] | None
) -> Preset:
    """The preset, with the constants of a set where one is given."""
    published = preset if isinstance(preset, Preset) else presets.load(str(preset))
    if parameters is None:
        return published
    known = parameters if isinstance(parameters, ParameterSet) else read_parameters(parameters)
    return preset_with_set(known, published)


def _check_texts(**given: Any) -> None:
    for name, value in given.items():
        if not isinstance(value, str | None):
            raise UsageError("must be text", found=value, field=name)


def _names(preset: Preset) -> str:
    """Whose names are read first, with an example each; others' are tried behind them."""
    spaces = own_spaces(preset)
    return "; ".join(f"{space.value} ({FORMS[space].examples[0]})" for space in spaces)


def preset_table() -> Table:
    """Return every preset with title, accuracy, the names it reads and source."""
    loaded = [presets.load(name) for name in presets.names()]
    return Table(
        name="presets",
        title="Presets",
        columns=(
            Column(name="preset", title="Preset"),
            Column(name="title", title="Rules"),
            Column(name="accuracy", title="Accuracy"),
            Column(name="names", title="Names of contracts"),
            Column(name="source", title="Source"),
        ),
        rows=tuple(
            (p.name, p.title, p.accuracy.value, _names(p), "; ".join(str(s) for s in p.sources))
            for p in loaded
        ),
        notes=(
            "exact: reproduces the venue's own tests or results; near-exact: method and constants "
            "are published, small parts are not; partial: parts are assumed.",
            "Names are those read first; unified names (BTC/USDC:USDC) and those of "
            f"{', '.join(s.value for s in OTHER_SPACES if s is not Venue.CCXT)} are read as well.",
        ),
    )
