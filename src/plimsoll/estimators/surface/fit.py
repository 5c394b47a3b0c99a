"""Fit one arbitrage-free surface to a chain: SVI in every expiry, all expiries jointly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from plimsoll.domain.option_chain import (
    BoolArray,
    ChainFinding,
    ChainFindingKind,
    FloatArray,
    OptionChain,
)
from plimsoll.domain.ports import Executor
from plimsoll.domain.smile_quotes import QuoteStatus, SmileQuotes
from plimsoll.domain.surface import SmileReason, SmileSource, SviSmile, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.essvi import essvi_surface
from plimsoll.estimators.surface.fit_result import FitPath, SmileFit, SurfaceFit
from plimsoll.estimators.surface.safe import safe_surface
from plimsoll.estimators.surface.settings import DEFAULTS, SurfaceSettings
from plimsoll.estimators.surface.stages import Solution, restore, solve, verified
from plimsoll.estimators.surface.starts import (
    SHORTEST_YEARS,
    FitInput,
    fit_input,
    surface_problem,
    usable_rows,
)
from plimsoll.estimators.surface.uncertainty import smile_covariances
from plimsoll.marketdata.chains import expiry_label, wild_quote_findings, wild_quotes
from plimsoll.maths.surface_fit_constraints import BETWEEN, BUTTERFLY, CALENDAR
from plimsoll.maths.surface_fit_curve import raw_of_coordinates
from plimsoll.maths.surface_fit_information import quote_residuals
from plimsoll.maths.surface_fit_problem import SurfaceProblem

_BINDING = 1e-3


def fit_surface(
    quotes: SmileQuotes,
    *,
    settings: SurfaceSettings = DEFAULTS,
    previous: VolSurface | None = None,
) -> SurfaceFit:
    """Fit an arbitrage-free surface to the quotes of a chain.

    Every expiry gets a raw SVI smile; all are fitted together so that no smile admits a butterfly
    and no two a calendar spread, also between them. That is verified at 4,001 points of k in
    [-3, 3], near the money and out to |k| = 1,000, and by the asymptotes from there to infinity.
    The loss of a quote is steep at the edges of bid and ask and lets go of what lies far outside.
    The result does not depend on the order of the rows.

    Parameters
    ----------
    quotes : SmileQuotes
    settings : SurfaceSettings
    previous : VolSurface or None
        The surface before, of the same pair and settlement: a weak prior, the weaker the longer
        ago and the more quotes an expiry has, that tells where quotes are few.

    Returns
    -------
    SurfaceFit
        An expiry with fewer than ``settings.least_quotes`` quotes borrows its shape from its
        neighbours; one without quotes is carried on from ``previous`` or has a reason, as has one
        with less than a minute left.

    Raises
    ------
    UsageError
        For a previous surface of another pair or settlement, or of a later time than the chain.

    References
    ----------
    Gatheral and Jacquier (2014), "Arbitrage-free SVI volatility surfaces", Quantitative Finance
    14(1); Roper (2010), "Arbitrage free implied volatility surfaces".
    """
    _check_previous(quotes, previous)
    wild = wild_quotes(quotes) if settings.drop_wild else _none(quotes)
    given = fit_input(quotes, settings, usable_rows(quotes, settings, wild), previous)
    dropped = wild & quotes.usable
    used = _none(quotes)
    used[given.rows] = True
    reasons = _reasons(quotes, given)
    if given.years.size == 0:
        return _empty(quotes, used, dropped, reasons)
    problem = surface_problem(quotes, settings, given)
    solution, path = _solve(problem, given, settings)
    if not solution.clean:
        reasons |= dict.fromkeys(given.expiry_ns.tolist(), SmileReason.FIT_FAILED)
        return _empty(quotes, used, dropped, reasons)
    smiles = _smiles(quotes, settings, given, problem, solution, path)
    findings = _findings(quotes, settings, given, dropped)
    surface = VolSurface(
        at_ns=quotes.chain.at_ns,
        pair=quotes.chain.pair,
        settle=quotes.chain.settle,
        payoff=quotes.chain.payoff,
        index=_index(quotes),
        clock=settings.clock,
        smiles=smiles,
        reasons=reasons,
        findings=findings,
    )
    return SurfaceFit(
        surface=surface,
        used=used,
        dropped=dropped,
        smiles=_smile_fits(problem, given, solution),
        path=path,
        objective=solution.objective,
        iterations=solution.iterations,
        rounds=solution.rounds,
        reasons=reasons,
        findings=findings,
    )


def fit_surfaces(
    chains: Sequence[SmileQuotes],
    *,
    settings: SurfaceSettings = DEFAULTS,
    executor: Executor | None = None,
) -> list[SurfaceFit]:
    """Fit the surfaces of many chains, each on its own.

    Parameters
    ----------
    chains : sequence of SmileQuotes
    settings : SurfaceSettings
    executor : Executor or None
        Works on several chains at a time; None: one after the other. The results are the same.
    """
    fit = partial(fit_surface, settings=settings)
    if executor is None:
        return [fit(quotes) for quotes in chains]
    return executor.map(fit, chains, label="surfaces", names=[_title(quotes) for quotes in chains])


def _check_previous(quotes: SmileQuotes, previous: VolSurface | None) -> None:
    chain = quotes.chain
    if previous is None:
        return
    if (previous.pair, previous.settle) != (chain.pair, chain.settle):
        raise UsageError(
            f"must be of the chain's pair and settlement, {_market(chain)}",
            found=_market(previous),
            field="previous",
            remedy="walk the chains of each pair and settlement by themselves",
        )
    if previous.at_ns > chain.at_ns:
        raise UsageError(
            f"must not be later than the chain, {chain.at_ns}",
            found=previous.at_ns,
            field="previous",
            remedy="fit the chains in the order of time",
        )


def _market(of: OptionChain | VolSurface) -> str:
    return f"{of.pair.base}/{of.pair.quote} in {of.settle}"


def _title(quotes: SmileQuotes) -> str:
    return f"{quotes.chain.pair.base} at {quotes.chain.at_ns}"


def _none(quotes: SmileQuotes) -> BoolArray:
    return np.zeros(len(quotes.chain), dtype=np.bool_)


def _index(quotes: SmileQuotes) -> float:
    index = quotes.chain.index
    known = index[np.isfinite(index) & (index > 0.0)]
    return float(np.median(known)) if known.size else float("nan")


def _empty(
    quotes: SmileQuotes, used: BoolArray, dropped: BoolArray, reasons: Mapping[int, SmileReason]
) -> SurfaceFit:
    return SurfaceFit(
        surface=None,
        used=used,
        dropped=dropped,
        smiles=(),
        path=FitPath.NONE,
        objective=float("nan"),
        iterations=0,
        rounds=0,
        reasons=reasons,
        findings=quotes.findings,
    )


def _solve(
    problem: SurfaceProblem, given: FitInput, settings: SurfaceSettings
) -> tuple[Solution, FitPath]:
    """Fit jointly; where that is not free of arbitrage, start from what is; else take that.

    Every surface is verified, also those that are free of arbitrage by construction; the last one
    is handed back as it is, for the caller to refuse where it is not clean.
    """
    solution = solve(problem, given, settings)
    if solution.clean:
        return solution, FitPath.JOINT
    essvi = essvi_surface(problem, given)
    if essvi is not None:
        restored = restore(problem, essvi)
        if restored.clean:
            return restored, FitPath.RESTORED
        safe = verified(problem, essvi)
        if safe.clean:
            return safe, FitPath.SAFE
    return verified(problem, safe_surface(solution.theta, given)), FitPath.LAST_RESORT


def _smiles(
    quotes: SmileQuotes,
    settings: SurfaceSettings,
    given: FitInput,
    problem: SurfaceProblem,
    solution: Solution,
    path: FitPath,
) -> tuple[SviSmile, ...]:
    covariances = smile_covariances(problem, solution.theta)
    raw = raw_of_coordinates(solution.theta, given.deviation)
    smiles = []
    for i, expiry in enumerate(given.expiry_ns.tolist()):
        a, b, rho, m, sigma = raw[i].tolist()
        count = int(given.quotes[i])
        smiles.append(
            SviSmile(
                expiry_ns=expiry,
                tau_years=float(given.years[i]),
                variance_years=float(given.clock_years[i]),
                forward=quotes.expiries[expiry].forward,
                a=a,
                b=b,
                rho=rho,
                m=m,
                sigma=sigma,
                source=_source(count, settings, path),
                quotes=count,
                covariance=covariances[i],
            )
        )
    return tuple(smiles)


def _source(count: int, settings: SurfaceSettings, path: FitPath) -> SmileSource:
    if count == 0:
        return SmileSource.PRIOR
    if path is FitPath.SAFE:
        return SmileSource.ESSVI
    if path is FitPath.LAST_RESORT:
        return SmileSource.SSVI
    return SmileSource.SVI if count >= settings.least_quotes else SmileSource.BORROWED


def _smile_fits(
    problem: SurfaceProblem, given: FitInput, solution: Solution
) -> tuple[SmileFit, ...]:
    residuals = np.empty(problem.k.size)
    quote_residuals(problem, solution.theta, residuals)
    distance = np.abs(residuals)
    binding = np.sum(solution.conditions < _BINDING, axis=2)
    found = []
    for i, expiry in enumerate(given.expiry_ns.tolist()):
        own: FloatArray = distance[given.first[i] : given.first[i + 1]]
        found.append(
            SmileFit(
                expiry_ns=expiry,
                quotes=own.size,
                inside=int(np.sum(own <= 1.0)),
                median_half_spreads=float(np.median(own)) if own.size else float("nan"),
                butterfly=int(binding[i, BUTTERFLY]),
                calendar=int(binding[i, CALENDAR]),
                between=int(binding[i, BETWEEN]),
            )
        )
    return tuple(found)


def _reasons(quotes: SmileQuotes, given: FitInput) -> dict[int, SmileReason]:
    """Why each expiry without a smile has none."""
    fitted, reasons = set(given.expiry_ns.tolist()), {}
    for expiry, summary in quotes.expiries.items():
        if expiry in fitted:
            continue
        status = quotes.status[quotes.chain.expiry_ns == expiry]
        if not summary.tau_years > 0.0:
            reasons[expiry] = SmileReason.EXPIRED
        elif not summary.tau_years >= SHORTEST_YEARS:
            reasons[expiry] = SmileReason.UNDER_A_MINUTE
        elif not 0.0 < summary.forward < np.inf or np.all(status == QuoteStatus.NO_FORWARD):
            reasons[expiry] = SmileReason.NO_FORWARD
        else:
            reasons[expiry] = SmileReason.NO_QUOTES
    return reasons


def _findings(
    quotes: SmileQuotes, settings: SurfaceSettings, given: FitInput, dropped: BoolArray
) -> tuple[ChainFinding, ...]:
    """The chain's, quotes left out as wild, and smiles with too few quotes of their own.

    The preparation counts usable quotes, the fit those that it used and what followed for the
    smile. Where both find an expiry thin, the fit's finding replaces the other.
    """
    thin = [
        ChainFinding(
            kind=ChainFindingKind.THIN_SMILE,
            subject=expiry_label(quotes.chain, expiry),
            rows=int(count),
            value=float(count),
            expected=float(settings.least_quotes),
            detail="its shape is borrowed from its neighbours",
        )
        for expiry, count in zip(given.expiry_ns.tolist(), given.quotes.tolist(), strict=True)
        if count < settings.least_quotes
    ]
    told = {finding.subject for finding in thin}
    kept = tuple(
        finding
        for finding in quotes.findings
        if finding.kind is not ChainFindingKind.THIN_SMILE or finding.subject not in told
    )
    return kept + wild_quote_findings(quotes, dropped) + tuple(thin)
