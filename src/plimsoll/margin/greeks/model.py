"""The Greeks margin: the worst second-order loss on a grid of moves of spot and volatility.

    initial     = max(loss, floor),    maintenance = factor x initial

with the loss of `plimsoll.maths.quadratic_losses` over forms in the numeraire (`.forms`). With
correlations the underlyings take the worst joint move of an ellipsoid, and cross-gamma with them
(`plimsoll.maths.joint_quadratic_losses`); without, each takes the worst point of its grid, and
nothing offsets across underlyings. The expansion is of second order. It
fails for short expiries and far strikes, where a parabola is no price: `GreeksScreen` says by how
much at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, total_of
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.greeks.contract_greeks import kept_greeks
from plimsoll.margin.greeks.explanation import GreeksExplainer
from plimsoll.margin.greeks.fill_corners import worst_after_fills
from plimsoll.margin.greeks.form_losses import form_losses, kept_standalone
from plimsoll.margin.greeks.forms import STILL, FormRows, quadratic_forms
from plimsoll.margin.greeks.parameters import (
    Correlations,
    GreeksParameters,
    greeks_parameters,
)
from plimsoll.margin.greeks.terms import greeks_terms
from plimsoll.margin.greeks.vol_shifts import vol_shifts
from plimsoll.margin.joint.bounded_orders import (
    lost_at_fills,
    open_orders_term,
    standalone_after_fills,
    with_order_reasons,
)
from plimsoll.margin.joint.filled_orders import OrderingUnits, ordering_units
from plimsoll.margin.joint.numeraire_exposures import (
    BookExposures,
    HeldCurrencies,
    book_exposures,
    priced_currencies,
)
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.instrument_columns import instrument_columns, named_column
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.maths.quadratic_forms import MoveGrid, QuadraticForms
from plimsoll.maths.unit_losses import UnitExposures
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES, GridRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_VOL_NAMES = {1.0: "volatility up", 0.0: "volatility same", -1.0: "volatility down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GreeksMargin(OwnQuotes):
    """Delta, gamma, vega, vanna, volga, theta and cross-gamma on a grid.

    Parameters
    ----------
    pricing : CurrencyPricing
    price_points : tuple of float
        Shares of an underlying's price range, in [-1, 1]. With correlations the farthest of them
        is the reach of joint moves, in ranges, and all moves within it count.
    correlations : Correlations, optional
        Of all underlyings with parameters. None: no offsets across underlyings.
    rules : GridRules
        Where options' volatilities come from.
    collateral_moves : bool
        Whether coin collateral counts as a position in the coin.

    Raises
    ------
    ParameterError
        For points outside [-1, 1], or none.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    price_points: tuple[float, ...] = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
    correlations: Correlations | None = None
    rules: GridRules = DEFAULT_GRID_RULES
    collateral_moves: bool = True

    def __post_init__(self) -> None:
        if not self.price_points or any(not abs(x) <= 1.0 for x in self.price_points):
            raise ParameterError(
                "must be shares of the range in [-1, 1], at least one",
                found=self.price_points,
                field="price_points",
            )

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, GreeksParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedGreeks:
        """Differentiate every contract; see `MarginModel.prepare`.

        ``parameters`` are by underlying (`plimsoll.margin.underlying.underlying`).

        Raises
        ------
        UsageError
            For no parameters, correlations that lack an underlying, a numeraire that moves and
            has no parameters, a contract without size, a surface later than the snapshot.
        """
        held = greeks_parameters(parameters)
        coins = tuple(held)
        rows = market_rows(snapshot, instruments, self.pricing)
        rows = replace(rows, reason=rows.with_reasons(self._unknown(snapshot, rows, coins)))
        greeks = kept_greeks(snapshot, rows, held, self.rules)
        rows = replace(rows, reason=rows.with_reasons(greeks.reason))
        names = priced_currencies(rows, snapshot, self.pricing)
        form_rows = self._form_rows(snapshot, instruments, rows, coins, names)
        forms, grid = quadratic_forms(greeks, form_rows), self._grid(held)
        still = [self._stands_still(name, snapshot) for name in names]
        return PreparedGreeks(
            model=self,
            snapshot=snapshot,
            parameters=held,
            rows=rows,
            currencies=HeldCurrencies(
                names=names,
                known=np.array(still) | (form_rows.currency >= 0),
                moving=np.diff(forms.offsets)[len(rows.markets) :] > 0,
            ),
            form_rows=form_rows,
            forms=forms,
            grid=grid,
            standalone=kept_standalone(snapshot, rows, greeks, form_rows, forms, grid),
        )

    def _stands_still(self, currency: str, snapshot: MarketSnapshot) -> bool:
        return currency in ("USD", self.pricing.numeraire, *snapshot.stable_price_usd)

    def _unknown(
        self,
        snapshot: MarketSnapshot,
        rows: MarketRows,
        coins: tuple[str, ...],
    ) -> IntArray:
        """(N,) NO_PARAMETERS where nothing says how a contract's coins move."""
        own = named_column(rows.listing, "underlying", underlying)
        settle = instrument_columns(rows.listing).settle
        moves = own.spread(name in coins for name in own.names)
        settles = settle.spread(
            name in coins or self._stands_still(name, snapshot) for name in settle.names
        )
        known = (moves > 0.0) & (settles > 0.0)
        return np.where(known, MarginReason.NONE, MarginReason.NO_PARAMETERS).astype(np.int64)

    def _form_rows(
        self,
        snapshot: MarketSnapshot,
        instruments: Mapping[str, Instrument],
        rows: MarketRows,
        coins: tuple[str, ...],
        names: tuple[str, ...],
    ) -> FormRows:
        of_coin = {coin: j for j, coin in enumerate(coins)}
        numeraire = self.pricing.numeraire
        if numeraire not in of_coin and numeraire not in ("USD", *snapshot.stable_price_usd):
            raise UsageError(
                "must have parameters, or be a dollar", found=numeraire, field="numeraire"
            )
        price = [self.pricing.price(name, snapshot, instruments) for name in names]
        own = named_column(rows.listing, "underlying", underlying)
        settle = instrument_columns(rows.listing).settle
        return FormRows(
            underlying=own.spread(of_coin.get(name, STILL) for name in own.names).astype(np.int64),
            settle=settle.spread(of_coin.get(n, STILL) for n in settle.names).astype(np.int64),
            price=rows.settle_price[:-1],
            currency=np.array([of_coin.get(name, STILL) for name in names], dtype=np.int64),
            currency_price=np.nan_to_num(np.array(price)),
            numeraire=of_coin.get(numeraire, STILL),
        )

    def _grid(self, held: Mapping[str, GreeksParameters]) -> MoveGrid:
        spot = np.repeat(self.price_points, len(_VOL_NAMES))
        vol = np.tile(list(_VOL_NAMES), len(self.price_points))
        apart = self.correlations is None
        matrix = np.eye(len(held)) if apart else self.correlations.of(tuple(held))  # type: ignore[union-attr]
        return MoveGrid(
            np.array([float(p.price_range) for p in held.values()]),
            np.array([float(p.vol_range_up) for p in held.values()]),
            np.array([float(p.vol_range_down) for p in held.values()]),
            spot,
            vol,
            matrix,
            max(abs(x) for x in self.price_points),
            vol_shifts(tuple(held), matrix).shifts,
            not apart,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedGreeks:
    """A Greeks margin with its forms; immutable, serves any number of books."""

    model: GreeksMargin
    snapshot: MarketSnapshot
    parameters: Mapping[str, GreeksParameters]
    rows: MarketRows
    currencies: HeldCurrencies
    form_rows: FormRows
    forms: QuadraticForms
    grid: MoveGrid
    standalone: StandaloneMargins

    @property
    def scenario_names(self) -> tuple[str, ...]:
        """What `Requirements.binding_scenario` counts: shifts of volatilities, or points."""
        if self.grid.offsets_allowed:
            return vol_shifts(tuple(self.parameters), self.grid.correlation).names
        return self.point_names

    @property
    def point_names(self) -> tuple[str, ...]:
        """Every underlying at every point of its grid."""
        return tuple(
            f"{coin}: spot {x * reach:+.1%}, {_VOL_NAMES[y]}"
            for coin, reach in zip(self.parameters, self.grid.spot_range.tolist(), strict=True)
            for x, y in zip(self.grid.spot.tolist(), self.grid.vol.tolist(), strict=True)
        )

    def requirements(self, book: Book) -> Requirements:
        """Return initial and maintenance margin of every margin unit of ``book``.

        Raises
        ------
        UsageError
            For a collateral currency that nothing prices.
        """
        laid = self._laid_out(book)
        parts, binding = form_losses(laid.exposures, self.forms, self.grid)
        kept = self._kept(laid.exposures)
        terms = greeks_terms(
            parts,
            self._maintenance(parts, kept),
            self._floor(laid.exposures),
            self._floor(kept),
        )
        ordering = ordering_units(
            book,
            laid,
            self.rows,
            self.currencies,
            collateral_moves=self.model.collateral_moves,
        )
        before = total_of(terms, len(laid.layout))[0]
        terms = (*terms, open_orders_term(ordering, self._after_fills(ordering), before))
        floored = next(t for t in terms if t.name == "floor").maintenance > 0.0
        return assemble(
            book=book,
            layout=laid.layout,
            rows=self.rows,
            values=laid.values,
            terms=terms,
            numeraire=self.model.pricing.numeraire,
            binding_scenario=np.where(floored, -1, binding),
            scenario_names=self.scenario_names,
            unit_explainer=GreeksExplainer(
                book=book,
                laid=laid,
                rows=self.rows,
                currencies=self.currencies,
                numeraire=self.model.pricing.numeraire,
                coins=tuple(self.parameters),
                forms=self.forms,
                grid=self.grid,
                currency_price=self.form_rows.currency_price,
                standalone=self.standalone,
                kept=kept,
                terms=terms,
                binding=binding,
                scenario_names=self.scenario_names,
                point_names=self.point_names,
            ),
        )

    def _laid_out(self, book: Book) -> BookExposures:
        laid = book_exposures(
            book,
            self.rows,
            self.currencies,
            self.model.pricing,
            self.snapshot,
            collateral_moves=self.model.collateral_moves,
        )
        return with_order_reasons(book, laid, self.rows)

    def _kept(self, exposures: UnitExposures) -> UnitExposures:
        """Return exposures times the maintenance factor of their own coins."""
        numeraire = self.form_rows.numeraire
        of_coin = np.array([float(p.maintenance_factor) for p in self.parameters.values()])
        # The last is that of what stands still, which is what moves where the numeraire does.
        padded = np.append(of_coin, of_coin[numeraire] if numeraire >= 0 else 0.0)
        of_row = np.maximum(padded[self.form_rows.underlying], padded[self.form_rows.settle])
        return exposures._replace(
            quantity=exposures.quantity * of_row[exposures.row],
            holdings=exposures.holdings * padded[self.form_rows.currency],
        )

    def _maintenance(self, initial: FloatArray, kept: UnitExposures) -> FloatArray:
        """(U, 7) parts of the maintenance margin: those of the initial one where factors agree."""
        factors = {float(p.maintenance_factor) for p in self.parameters.values()}
        return factors.pop() * initial if len(factors) == 1 else self._parts(kept)

    def _parts(self, exposures: UnitExposures) -> FloatArray:
        return form_losses(exposures, self.forms, self.grid)[0]

    def _floor(self, exposures: UnitExposures) -> FloatArray:
        """(U,) least initial margin."""
        shares = self._floor_shares()
        if shares is None:
            return np.zeros(exposures.offsets.size - 1)
        return shares.of_units(exposures)[:, 0].astype(np.float64)

    def _after_fills(self, ordering: OrderingUnits) -> FloatArray:
        """(K,) initial margin after the worst of fills, and what they lose at once."""
        shares, lost = self._floor_shares(), lost_at_fills(ordering)
        least = np.zeros(len(ordering))
        if shares is not None:
            least = standalone_after_fills(ordering, shares)[:, 0]
        worst = worst_after_fills(
            ordering, lambda held: form_losses(held, self.forms, self.grid)[0].sum(axis=1)
        )
        out: FloatArray = np.maximum(worst, least + lost)
        return out

    def _floor_shares(self) -> StandaloneMargins | None:
        """Margins of contracts alone times the floors of their underlyings; None without floors."""
        share = np.array([float(p.standalone_floor) for p in self.parameters.values()])
        if not share.any():
            return None
        of_row = np.append(share, 0.0)[self.form_rows.underlying]
        return StandaloneMargins(
            long=self.standalone.long * of_row[:, None],
            short=self.standalone.short * of_row[:, None],
        )
