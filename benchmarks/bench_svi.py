"""SVI surfaces, eSSVI chains and the arbitrage report against scipy, QuantLib and numpy."""

from __future__ import annotations

import numpy as np
import QuantLib as ql
from numpy.typing import NDArray
from scipy.optimize import least_squares

from alternate import compare, table_of, write_table
from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.surface import CALENDAR, RAW, SviSmile, VolSurface
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.maths.essvi_fit import fit_essvi
from plimsoll.maths.ssvi import is_free_of_arbitrage, ssvi_to_raw, ssvi_total_variance
from plimsoll.maths.svi import durrleman, svi_total_variance
from plimsoll.maths.svi_fit import fit_svi

Array = NDArray[np.float64]
EXPIRIES, STRIKES, DEVIATIONS = 12, 40, 2.2
TAU = np.arange(1, EXPIRIES + 1) / 12.0
OFFSETS = np.arange(EXPIRIES + 1) * STRIKES


def _surface(seed: int, noise: float) -> tuple[Array, Array]:
    """Strikes and volatilities (12, 40) of quoted-looking SVI smiles, with noise."""
    rng = np.random.default_rng(seed)
    money = rng.uniform(0.4, 0.8, EXPIRIES) ** 2 * TAU
    deviation = np.sqrt(money)
    b, rho = rng.uniform(0.15, 0.6, EXPIRIES) * deviation, rng.uniform(-0.7, 0.3, EXPIRIES)
    m = rng.uniform(-0.3, 0.3, EXPIRIES) * deviation
    sigma = rng.uniform(0.4, 1.0, EXPIRIES) * deviation
    a = money - b * (np.hypot(m, sigma) - rho * m)
    k = np.linspace(-DEVIATIONS, DEVIATIONS, STRIKES) * deviation[:, None]
    raw = np.stack((a, b, rho, m, sigma), axis=-1)
    w = np.array([svi_total_variance(p, own) for p, own in zip(raw, k, strict=True)])
    return k, np.sqrt(w / TAU[:, None]) + noise * rng.standard_normal(k.shape)


def _residuals(p: Array, k: Array, vol: Array, tau: float) -> Array:
    a, b, rho, m, sigma = p
    w = a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma * sigma))
    return np.asarray(np.sqrt(np.maximum(w, 1e-12) / tau) - vol)


def _jacobian(p: Array, k: Array, _vol: Array, tau: float) -> Array:
    a, b, rho, m, sigma = p
    x = k - m
    root = np.sqrt(x * x + sigma * sigma)
    w = np.maximum(a + b * (rho * x + root), 1e-12)
    out = np.empty((k.size, 5))
    out[:, 0], out[:, 1], out[:, 2] = 1.0, rho * x + root, b * x
    out[:, 3], out[:, 4] = -b * (rho + x / root), b * sigma / root
    return out / (2.0 * np.sqrt(w * tau))[:, None]


def _start(vol: Array, tau: float) -> Array:
    w = vol[vol.size // 2] ** 2 * tau
    deviation = np.sqrt(w)
    return np.array([0.7 * w, 0.4 * deviation, -0.1, 0.0, 0.7 * deviation])


def _scipy_costs(k: Array, vol: Array, method: str) -> Array:
    """Slice by slice; MINPACK is free, the trust region keeps to the bounds of raw SVI."""
    costs = np.empty(EXPIRIES)
    for i in range(EXPIRIES):
        bounds = (-np.inf, np.inf)
        if method == "trf":
            low = np.array([-np.inf, 0.0, -1.0, -np.inf, 1e-8])
            bounds = (low, np.array([np.inf, np.inf, 1.0, np.inf, np.inf]))  # type: ignore[assignment]
        found = least_squares(
            _residuals,
            _start(vol[i], TAU[i]),
            _jacobian,
            bounds=bounds,
            method=method,
            x_scale="jac",
            args=(k[i], vol[i], TAU[i]),
            xtol=1e-12,
            ftol=1e-14,
            gtol=1e-14,
        )
        costs[i] = found.cost
    return costs


def _many_starts(k: Array, vol: Array, tau: float, rng: np.random.Generator) -> float:
    """Least cost of MINPACK from a dozen starts, within Lee's bound."""
    best, first = np.inf, _start(vol, tau)
    for _ in range(12):
        scale = np.exp(rng.uniform(-1.0, 1.0, 5))
        start = first * scale + np.array([0.0, 0.0, 0.0, rng.uniform(-1.0, 1.0) * first[4], 0.0])
        found = least_squares(
            _residuals, start, _jacobian, method="lm", x_scale="jac", args=(k, vol, tau),
            xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000,
        )  # fmt: skip
        _, b, rho, _, _ = found.x
        if b >= 0.0 and abs(rho) < 1.0 and b * (1.0 + abs(rho)) < 2.0:
            best = min(best, float(found.cost))
    return best


def _quantlib(k: Array, vol: Array) -> list[float]:
    """SviInterpolatedSmileSection, slice by slice; returns a volatility of each, which fits it."""
    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    found = []
    for i in range(EXPIRIES):
        start = _start(vol[i], TAU[i])
        section = ql.SviInterpolatedSmileSection(
            today + round(365 * TAU[i]),
            1.0,
            np.exp(k[i]).tolist(),
            False,
            float(vol[i, STRIKES // 2]),
            vol[i].tolist(),
            start[0], start[1], start[4], start[2], start[3],
            False, False, False, False, False,
            False,
        )  # fmt: skip
        found.append(section.volatility(1.0))
    return found


def _own(k: Array, vol: Array) -> Array:
    return fit_svi(k.ravel(), vol.ravel(), np.ones(k.size), OFFSETS, TAU).cost


def _essvi_chain(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Strikes, volatilities and true slices (12 x 25) with noise of half a point."""
    theta = 0.3 * TAU
    rho = -0.3 + 0.05 * np.log(TAU)
    slices = np.stack((theta, rho, 0.6 * np.sqrt(theta)), axis=-1)
    k = np.linspace(-2.0, 2.0, 25) * np.sqrt(theta)[:, None]
    w = np.array([ssvi_total_variance(s, own) for s, own in zip(slices, k, strict=True)])
    return k, np.sqrt(w / TAU[:, None]) + 0.005 * rng.standard_normal(k.shape), slices


def _scipy_essvi(k: Array, vol: Array) -> list[Array]:
    """Slice by slice, blind to calendar arbitrage."""

    def residuals(x: Array, own: Array, quotes: Array, tau: float) -> Array:
        one = np.array([np.exp(x[0]), np.tanh(x[1]), np.exp(x[2])])
        return np.asarray(np.sqrt(ssvi_total_variance(one, own) / tau) - quotes)

    starts = [np.array([np.log(v[12] ** 2 * t), 0.0, np.log(0.5 * v[12])]) for v, t in
              zip(vol, TAU, strict=True)]  # fmt: skip
    return [
        least_squares(residuals, x, method="lm", args=(own, quotes, tau)).x
        for x, own, quotes, tau in zip(starts, k, vol, TAU, strict=True)
    ]


def _vol_surface(slices: Array) -> VolSurface:
    smiles = tuple(
        SviSmile(
            expiry_ns=int(tau * 365 * 86_400) * 10**9,
            tau_years=float(tau),
            variance_years=float(tau),
            forward=1e5,
            **dict(zip(RAW, map(float, raw), strict=True)),
        )
        for tau, raw in zip(TAU, ssvi_to_raw(slices), strict=True)
    )
    return VolSurface(
        at_ns=0,
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=1e5,
        clock=CALENDAR,
        smiles=smiles,
    )


def _numpy_report(raw: Array) -> bool:
    """The same conditions on the even points alone, at expiries and between neighbours."""
    k = np.linspace(-3.0, 3.0, 4001)
    clean = bool(np.all(durrleman(raw, k) >= 0.0))
    w = svi_total_variance(raw, k)
    clean &= bool(np.all(np.diff(w, axis=0) >= 0.0))
    for share in (0.45, 0.5):
        mixed = (1.0 - share) * w[:-1] + share * w[1:]
        slope = np.gradient(mixed, k, axis=1)
        bend = np.gradient(slope, k, axis=1)
        level = 1.0 - 0.5 * k * slope / mixed
        g = level**2 - 0.25 * slope**2 * (1.0 / mixed + 0.25) + 0.5 * bend
        clean &= bool(np.all(g[:, 2:-2] >= 0.0))
    return clean


def _gate() -> list[str]:
    """Costs against scipy on 20 surfaces of noise, 12 starts on some; freedom from arbitrage."""
    worst, close = -np.inf, -np.inf
    rng = np.random.default_rng(1)
    for seed in range(20):
        k, vol = _surface(seed, 0.005)
        own, single = _own(k, vol), _scipy_costs(k, vol, "lm")
        worst = max(worst, float(np.max(own / single - 1.0)))
        i = seed % EXPIRIES
        close = max(close, float(own[i] / _many_starts(k[i], vol[i], TAU[i], rng) - 1.0))
    assert worst <= 1e-9, worst
    assert close <= 1e-9, close
    perfect = float(np.max(_own(*_surface(0, 0.0))))
    assert perfect < 1e-20, perfect
    k, vol, _ = _essvi_chain(np.random.default_rng(2))
    fitted = fit_essvi(k.ravel(), vol.ravel(), np.full(300, 200.0), np.arange(13) * 25, TAU)
    assert is_free_of_arbitrage(fitted.slices)
    return [
        f"240 noisy slices: cost over that of MINPACK less one at most {worst:.1e}; over the best "
        f"of 12 starts on 20 of them at most {close:.1e} (required: 1e-9)",
        f"perfect quotes: greatest cost of a slice {perfect:.1e}",
        "eSSVI chain free of arbitrage, without tolerance",
    ]


def main() -> None:
    """Gate, timings, table."""
    gate = _gate()
    exact, noisy = _surface(0, 0.0), _surface(0, 0.005)
    many = [_surface(seed, 0.005) for seed in range(100)]
    all_k = np.concatenate([k.ravel() for k, _ in many])
    all_vol = np.concatenate([vol.ravel() for _, vol in many])
    ones, rows = np.ones(all_k.size), np.arange(1201) * STRIKES
    years = np.tile(TAU, 100)
    k, vol, slices = _essvi_chain(np.random.default_rng(2))
    quotes = (k.ravel(), vol.ravel(), np.full(300, 200.0), np.arange(13) * 25, TAU)
    surface = _vol_surface(slices)
    comparisons = []
    for name, (strikes, vols) in (("perfect", exact), ("0.5 points of noise", noisy)):
        for method, peer in (("lm", "scipy MINPACK, analytic Jacobian"), ("trf", "scipy trf")):
            comparisons.append(
                compare(
                    f"SVI surface of 12 x 40, {name}",
                    peer_name=peer,
                    peer=lambda s=strikes, v=vols, m=method: _scipy_costs(s, v, m),
                    own=lambda s=strikes, v=vols: _own(s, v),
                    own_calls=20,
                    required=30.0,
                    rounds=9,
                )
            )
        comparisons.append(
            compare(
                f"SVI surface of 12 x 40, {name}",
                peer_name="QuantLib SviInterpolatedSmileSection",
                peer=lambda s=strikes, v=vols: _quantlib(s, v),
                own=lambda s=strikes, v=vols: _own(s, v),
                own_calls=20,
                required=5.0,
                rounds=5,
            )
        )
    comparisons += [
        compare(
            "100 SVI surfaces of 12 x 40, noise, for one of them",
            peer_name="scipy MINPACK, analytic Jacobian",
            peer=lambda: [_scipy_costs(s, v, "lm") for s, v in many[:10]],
            own=lambda: fit_svi(all_k, all_vol, ones, rows, years),
            units=100,
            peer_units=10,
            required=30.0,
            rounds=7,
        ),
        compare(
            "eSSVI chain of 12 x 25, free of arbitrage",
            peer_name="scipy MINPACK, slices alone",
            peer=lambda: _scipy_essvi(k, vol),
            own=lambda: fit_essvi(*quotes),
            own_calls=5,
            required=5.0,
        ),
        compare(
            "arbitrage report of 12 expiries, 4,402 points",
            peer_name="numpy, 4,001 points",
            peer=lambda: _numpy_report(surface.raw()),
            own=lambda: arbitrage_report(surface),
            own_calls=5,
            required=0.0,
        ),
    ]
    essvi, report = comparisons[-2], comparisons[-1]
    assert essvi.own_seconds <= 4e-3, essvi
    assert report.own_seconds <= 2e-3, report
    gate.append("required after timing: an eSSVI chain in at most 4 ms, a report in at most 2 ms")
    write_table("svi", "SVI surfaces", gate, table_of(comparisons))


if __name__ == "__main__":
    main()
