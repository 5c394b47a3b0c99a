"""Generalised Pareto fit against scipy, alternately."""

from __future__ import annotations

import numpy as np
from scipy import stats

from alternate import compare, table_of, write_table
from plimsoll.estimators import PeaksOverThreshold
from plimsoll.maths.gpd_fit import gpd_fit_mle


def main() -> None:
    """Gate, timings, table."""
    gaps = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = stats.genpareto.rvs(rng.uniform(-0.2, 0.6), size=150, random_state=rng)
        c, _, scale = stats.genpareto.fit(x, floc=0.0)
        gaps.append(gpd_fit_mle(x)[2] - stats.genpareto.logpdf(x, c, 0.0, scale).sum())
    assert min(gaps) > -1e-7, min(gaps)
    losses = np.random.default_rng(0).standard_t(4, 3000)
    excesses = np.sort(losses)[-150:] - np.sort(losses)[-151]
    model = PeaksOverThreshold(tail_fraction=0.05)

    def peer_tail() -> object:
        threshold = np.quantile(losses, 0.95)
        return stats.genpareto.fit(losses[losses > threshold] - threshold, floc=0.0)

    comparisons = [
        compare(
            "generalised Pareto fit, 150 excesses",
            peer_name="scipy genpareto.fit",
            peer=lambda: stats.genpareto.fit(excesses, floc=0.0),
            own=lambda: gpd_fit_mle(excesses),
            own_calls=50,
            required=5.0,
        ),
        compare(
            "peaks over threshold of 3,000 losses, checks included",
            peer_name="numpy + scipy",
            peer=peer_tail,
            own=lambda: model.fit(losses),
            own_calls=20,
            required=5.0,
        ),
    ]
    gate = [
        f"log-likelihood less scipy's over 60 samples: between {min(gaps):.1e} and "
        f"{max(gaps):.1e} (required: never below -1e-7)"
    ]
    write_table("gpd", "Generalised Pareto fit", gate, table_of(comparisons))


if __name__ == "__main__":
    main()
