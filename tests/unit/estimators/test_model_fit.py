"""Fits of option models: parameters recovered, errors honest, nesting, real chains, refusals.

The smiles fitted come from Lewis's integral directly, not from the fit's own pricing by COS.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plimsoll.domain.stochastic_volatility import (
    BatesParameters,
    HestonParameters,
    KouParameters,
    MertonParameters,
    ModelParameters,
)
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.model_comparison import comparison_table, parameter_table
from plimsoll.estimators.model_coordinates import (
    COORDINATES,
    OptionModel,
    coordinates_of,
    parameters_at,
    slopes,
    starts,
)
from plimsoll.estimators.model_fit import FittedModel, VolQuotes, fit_model, fit_models
from plimsoll.estimators.return_laws import (
    atm_volatility,
    model_implied_vols,
    model_prices,
    return_law,
)
from plimsoll.maths.fourier_prices import lewis_prices
from plimsoll.maths.implied_vol import implied_volatility

TAU = np.array([7.0, 30.0, 90.0, 270.0]) / 365.0
TRUTH: dict[OptionModel, ModelParameters] = {
    OptionModel.HESTON: HestonParameters(v0=0.25, kappa=4.0, theta=0.36, sigma_v=1.6, rho=-0.35),
    OptionModel.BATES: BatesParameters(
        v0=0.2,
        kappa=3.0,
        theta=0.3,
        sigma_v=1.2,
        rho=-0.3,
        jump_intensity=3.0,
        jump_mean=-0.08,
        jump_sd=0.12,
    ),
    OptionModel.MERTON: MertonParameters(
        volatility=0.4, jump_intensity=4.0, jump_mean=-0.07, jump_sd=0.12
    ),
    OptionModel.KOU: KouParameters(
        volatility=0.4, jump_intensity=10.0, up_probability=0.4, up_rate=15.0, down_rate=10.0
    ),
}


def _quotes(parameters: ModelParameters, noise: float = 0.0, seed: int = 0) -> VolQuotes:
    """Smiles of four expiries, 9 strikes each, within 1.8 deviations; optional normal noise."""
    expiry = np.repeat(np.arange(4), 9)
    k = np.tile(np.linspace(-1.8, 1.8, 9), 4) * 0.55 * np.sqrt(TAU[expiry])
    prices = np.concatenate(
        [lewis_prices(return_law(parameters, t), k[expiry == i]) for i, t in enumerate(TAU)]
    )
    implied = implied_volatility(prices, 1.0, np.exp(k), TAU[expiry], k >= 0.0).sigma
    forward = np.array([1.0e5, 1.01e5, 1.02e5, 1.04e5])
    return VolQuotes(
        forward=forward,
        tau=TAU,
        expiry=expiry,
        strike=forward[expiry] * np.exp(k),
        implied_vol=implied + noise * np.random.default_rng(seed).standard_normal(k.size),
        weight=np.ones(k.size),
    )


@pytest.mark.parametrize("model", OptionModel)
def test_recovers_the_parameters_behind_exact_smiles(model: OptionModel) -> None:
    """1e-4 relative, and a fit to 1e-6 vol points: COS is exact to 1e-10 of the forward."""
    fit = fit_model(_quotes(TRUTH[model]), model)
    assert fit.rmse_vol_points < 1e-6
    assert fit.at_end == ()
    for name, expected in asdict(TRUTH[model]).items():
        assert getattr(fit.parameters, name) == pytest.approx(expected, rel=1e-4), name


def test_standard_errors_are_those_of_repeated_noise() -> None:
    """12 chains with noise of 0.3 points: (estimate - truth) / error has mean square 1.

    Over 12 x 4 squares of which about half are independent; [0.4, 2.2] holds with 99.9 %
    (chi-square with 24 degrees of freedom). The residual variance is known to 5 %.
    """
    truth = asdict(TRUTH[OptionModel.MERTON])
    squares, variances = [], []
    for seed in range(12):
        quotes = _quotes(TRUTH[OptionModel.MERTON], noise=0.003, seed=seed)
        fit = fit_model(quotes, OptionModel.MERTON)
        found = zip(
            asdict(fit.parameters).values(), truth.values(), fit.standard_errors, strict=True
        )
        squares += [((value - true) / error) ** 2 for value, true, error in found]
        variances.append(fit.cost / (fit.quote_count - fit.parameter_count))
    assert 0.4 < float(np.mean(squares)) < 2.2
    assert math.sqrt(float(np.mean(variances))) == pytest.approx(0.3, rel=0.15)


def test_the_true_model_wins_the_comparison() -> None:
    """Smiles of Merton: Heston cannot make them; Bates can, at the cost of four parameters."""
    quotes = _quotes(TRUTH[OptionModel.MERTON], noise=0.002, seed=3)
    fits = {fit.model: fit for fit in fit_models(quotes)}
    assert list(fits) == list(OptionModel)
    assert fits[OptionModel.HESTON].rmse_vol_points > 2.0 * fits[OptionModel.MERTON].rmse_vol_points
    best = min(fits.values(), key=lambda fit: fit.information_criterion)
    assert best.model is OptionModel.MERTON
    assert fits[OptionModel.BATES].cost <= fits[OptionModel.HESTON].cost
    table = comparison_table(list(fits.values()))
    assert [row["rmse"] for row in table] == sorted(f.rmse_vol_points for f in fits.values())
    assert "not for marks" in table.markdown()
    with pytest.raises(UsageError, match="same quotes"):
        comparison_table([fits[OptionModel.KOU], _fewer(fits[OptionModel.KOU])])


def _fewer(fit: FittedModel) -> FittedModel:
    return replace(fit, quote_count=fit.quote_count - 1)


def test_parameter_table_shows_errors_units_and_ends() -> None:
    """No jumps in the smile: the jumps' coordinates end at a bound or mean nothing, and say so."""
    flat = replace(_quotes(TRUTH[OptionModel.MERTON]), implied_vol=np.full(36, 0.5))
    fit = fit_model(flat, OptionModel.MERTON)
    assert fit.rmse_vol_points < 0.05
    errors = dict(zip(asdict(fit.parameters), fit.standard_errors, strict=True))
    undetermined = [
        name for name, error in errors.items() if not error < 0.1 * getattr(fit.parameters, name)
    ]
    assert set(undetermined) & {"jump_intensity", "jump_mean", "jump_sd"}
    table = parameter_table(fit)
    assert table.column("parameter") == tuple(c.name for c in COORDINATES[OptionModel.MERTON])
    assert "jumps per year" in table.markdown()


def test_weights_decide_where_the_fit_is_close() -> None:
    """A kink no model makes, at one expiry: weight moves the misfit elsewhere."""
    quotes = _quotes(TRUTH[OptionModel.HESTON])
    lifted = np.where(quotes.expiry == 0, quotes.implied_vol + 0.2, quotes.implied_vol)
    even = replace(quotes, implied_vol=lifted)
    heavy = replace(even, weight=np.where(quotes.expiry == 0, 100.0, 1.0))
    first = quotes.expiry == 0
    misfits = [
        float(np.abs(fit_model(q, OptionModel.MERTON).residual[first]).mean())
        for q in (even, heavy)
    ]
    assert misfits[1] < 0.5 * misfits[0]


def test_same_quotes_same_bytes() -> None:
    quotes = _quotes(TRUTH[OptionModel.KOU], noise=0.003)
    first, again = fit_model(quotes, OptionModel.KOU), fit_model(quotes, OptionModel.KOU)
    assert repr(first.parameters) == repr(again.parameters)
    assert first.residual.tobytes() == again.residual.tobytes()


@pytest.mark.parametrize("model", OptionModel)
def test_coordinates_round_trip_and_slopes_are_derivatives(model: OptionModel) -> None:
    x = coordinates_of(model, TRUTH[model])
    back = asdict(parameters_at(model, x))
    for name, value in asdict(TRUTH[model]).items():
        assert back[name] == pytest.approx(value, rel=1e-12)
    slope = slopes(model, TRUTH[model])
    for i, name in enumerate(back):
        step = np.zeros(x.size)
        step[i] = 1e-6
        up, down = (asdict(parameters_at(model, x + s * step))[name] for s in (1, -1))
        assert (up - down) / 2e-6 == pytest.approx(slope[i], rel=1e-6)
    assert all(type(start) is type(TRUTH[model]) for start in starts(model, 0.5, 0.6))


@pytest.mark.parametrize("model", OptionModel)
def test_prices_by_cos_are_those_of_the_integral(model: OptionModel) -> None:
    k = np.linspace(-1.5, 1.5, 13)
    law = return_law(TRUTH[model], 0.1)
    np.testing.assert_allclose(
        model_prices(TRUTH[model], 0.1, k), lewis_prices(law, k), rtol=2e-4, atol=0.0
    )
    np.testing.assert_allclose(
        model_prices(TRUTH[model], 0.1, k), lewis_prices(law, k), rtol=1e-8, atol=1e-10
    )


def test_at_the_money_volatility_of_a_still_law_is_its_volatility() -> None:
    still = HestonParameters(v0=0.36, kappa=1.0, theta=0.36, sigma_v=0.0, rho=0.0)
    assert atm_volatility(still, 0.5) == pytest.approx(0.6, rel=1e-9)
    np.testing.assert_allclose(model_implied_vols(still, 0.5, [-2.0, 0.5]), 0.6, rtol=1e-8)


def test_refuses_too_few_quotes_and_bad_ones() -> None:
    quotes = _quotes(TRUTH[OptionModel.HESTON])
    few = replace(
        quotes,
        expiry=quotes.expiry[:5],
        strike=quotes.strike[:5],
        implied_vol=quotes.implied_vol[:5],
        weight=quotes.weight[:5],
    )
    with pytest.raises(InsufficientDataError, match="at least 6 quotes"):
        fit_model(few, OptionModel.HESTON)
    for change in ({"weight": 0.0 * quotes.weight}, {"implied_vol": quotes.implied_vol * math.nan}):
        with pytest.raises(UsageError, match="finite and positive"):
            replace(quotes, **change)
    with pytest.raises(UsageError, match="one value per quote"):
        replace(quotes, strike=quotes.strike[:-1])
    with pytest.raises(UsageError, match="must be a fitted Heston"):
        fit_model(quotes, OptionModel.BATES, heston=fit_model(quotes, OptionModel.MERTON))
    with pytest.raises(UsageError, match="rows of the 4 expiries"):
        replace(quotes, expiry=quotes.expiry + 1)


def test_real_chain(market_data_dir: Path) -> None:
    """BTC, 1 February 2026: stochastic variance fits the term structure of skew, jumps alone no.

    Marks of Deribit, |delta| 10-50 %, expiries over two days. Bounds are loose statements about
    models, not stored output: Heston within 3 vol points, Merton at least twice as far off.
    """
    quotes = _deribit_quotes(market_data_dir / "options" / "deribit_chains_2026-02.parquet")
    heston = fit_model(quotes, OptionModel.HESTON)
    merton = fit_model(quotes, OptionModel.MERTON)
    assert heston.rmse_vol_points < 3.0
    assert merton.rmse_vol_points > 2.0 * heston.rmse_vol_points
    assert isinstance(heston.parameters, HestonParameters)
    assert heston.parameters.rho < 0.0
    assert not heston.parameters.feller_holds


def _deribit_quotes(path: Path) -> VolQuotes:
    year = 365.0 * 86_400.0
    chains = pl.read_parquet(path).filter(pl.col("currency") == "BTC")
    chain = (
        chains.filter(pl.col("ts") == chains["ts"].min())
        .with_columns(tau=(pl.col("expiry") - pl.col("ts")).dt.total_seconds() / year)
        .filter(
            (pl.col("tau") > 2.0 / 365.0)
            & (pl.col("bid_price") > 0.0)
            & pl.col("delta").abs().is_between(0.1, 0.5)
        )
        .sort("tau", "strike")
    )
    tau, first, expiry = np.unique(chain["tau"].to_numpy(), return_index=True, return_inverse=True)
    return VolQuotes(
        forward=chain["futures_price"].to_numpy()[first],
        tau=tau,
        expiry=expiry.astype(np.int64),
        strike=chain["strike"].to_numpy().astype(float),
        implied_vol=chain["mark_iv"].to_numpy(),
        weight=np.ones(chain.height),
    )
