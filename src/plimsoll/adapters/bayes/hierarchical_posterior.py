r"""Levels and tails of many markets drawn from one population: the whole posterior, by NUTS.

The returns of each market are Student-t with its own scale and degrees of freedom,

.. math::
    r_{it} \sim t_{\nu_i}(0, s_i), \quad \ln s_i = x_i'\beta + \tau u_i, \quad
    \ln \nu_i = m + \omega w_i, \quad u_i, w_i \sim N(0, 1),

with the priors of :class:`plimsoll.estimators.pooling.hierarchy.HierarchicalLevels` for
:math:`\beta` and :math:`\tau`. The fast fit fixes :math:`\tau` at its mode and takes each market's
measured level as normal; here neither is done. Chains that have not converged are refused.

jax and numpyro are imported when a posterior is drawn, not before.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.pooling.chain_diagnostics import ChainDiagnostics, chain_diagnostics
from plimsoll.estimators.pooling.covariates import MarketCovariates, covariate_design
from plimsoll.estimators.pooling.hierarchy import MINIMUM_MARKETS, HierarchicalLevels

FloatArray = NDArray[np.float64]

MINIMUM_RETURNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorSampler:
    """How the posterior is drawn.

    Parameters
    ----------
    levels : HierarchicalLevels
        Priors, shared with the fast fit.
    warm_up, draws, chains : int
        Per chain; chains run side by side in one process.
    acceptance : float
        Target of the step size, in (0.5, 1).
    """

    levels: HierarchicalLevels = field(default_factory=HierarchicalLevels)
    warm_up: int = 1000
    draws: int = 1000
    chains: int = 4
    acceptance: float = 0.95

    def __post_init__(self) -> None:
        if self.warm_up < 1 or self.draws < 16 or self.chains < 2:
            raise ParameterError(
                "needs warm_up of 1, 16 draws and 2 chains or more",
                found=(self.warm_up, self.draws, self.chains),
                field="draws",
            )
        if not 0.5 < self.acceptance < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.acceptance, field="acceptance")

    def sample(
        self,
        returns: Sequence[FloatArray],
        covariates: MarketCovariates | None = None,
        *,
        seed: int,
        markets: Sequence[str] = (),
    ) -> HierarchicalPosterior:
        """Draw the posterior of the markets whose ``returns`` are given, NaN for holes.

        Raises
        ------
        UsageError
            The extra ``bayes`` is not installed.
        DataFormatError, InsufficientDataError
            Unusable returns, fewer than ten of a market, fewer than three markets.
        EstimationError
            The chains have not converged: R-hat, effective size or divergences.
        """
        posterior = self.unchecked(returns, covariates, seed=seed, markets=markets)
        posterior.diagnostics.demand()
        return posterior

    def unchecked(
        self,
        returns: Sequence[FloatArray],
        covariates: MarketCovariates | None = None,
        *,
        seed: int,
        markets: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> HierarchicalPosterior:
        """The same with chains as they came, for looking at their diagnostics.

        ``progress`` counts steps of all chains together, ``warm_up + draws`` of them.
        """
        samples = [_usable(values, i) for i, values in enumerate(returns)]
        if len(samples) < MINIMUM_MARKETS:
            raise InsufficientDataError(
                f"at least {MINIMUM_MARKETS} markets are needed",
                found=len(samples),
                field="returns",
            )
        covariates = covariates or MarketCovariates(market_class=("all",) * len(samples))
        progress.start("posterior of levels", self.warm_up + self.draws)
        try:
            draws, divergences = _draw(self, samples, covariates, seed, progress)
        finally:
            progress.finish()
        return HierarchicalPosterior(
            markets=tuple(markets) or tuple(str(i) for i in range(len(samples))),
            draws=draws,
            diagnostics=chain_diagnostics(draws, divergences),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HierarchicalPosterior:
    """Draws by name, (chains, draws) or (chains, draws, k), with their diagnostics.

    ``log_scale`` and ``log_freedom`` are of the N markets; ``between_sd`` is tau, ``coefficients``
    is beta, ``log_freedom_mean`` and ``log_freedom_sd`` describe the population of tails.
    """

    markets: tuple[str, ...]
    draws: Mapping[str, FloatArray]
    diagnostics: ChainDiagnostics

    def moments(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Posterior mean and standard deviation of a parameter over all chains."""
        values = self.draws[name]
        flat = values.reshape(-1, *values.shape[2:])
        return np.asarray(flat.mean(axis=0)), np.asarray(flat.std(axis=0))


def _usable(values: FloatArray, row: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or np.isinf(array).any():
        raise DataFormatError(
            "returns must be one-dimensional and finite, or NaN for a hole",
            found=f"shape {array.shape}",
            field="returns",
            row=row,
        )
    kept = array[~np.isnan(array)]
    if kept.size < MINIMUM_RETURNS or not np.any(kept != 0.0):
        raise InsufficientDataError(
            f"at least {MINIMUM_RETURNS} returns, not all zero, are needed of each market",
            found=kept.size,
            field="returns",
            row=row,
        )
    return kept


def _libraries() -> tuple[Any, Any]:
    try:
        return importlib.import_module("jax"), importlib.import_module("numpyro")
    except ImportError as error:
        raise UsageError(
            "a full posterior needs numpyro",
            found=str(error),
            remedy="install the extra: pip install 'plimsoll[bayes]'",
        ) from error


def _draw(
    sampler: PosteriorSampler,
    samples: Sequence[FloatArray],
    covariates: MarketCovariates,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, FloatArray], int]:
    jax, numpyro = _libraries()
    infer = importlib.import_module("numpyro.infer")
    longest = max(values.size for values in samples)
    padded, present = np.zeros((len(samples), longest)), np.zeros((len(samples), longest))
    for i, values in enumerate(samples):
        padded[i, : values.size], present[i, : values.size] = values, 1.0
    centre = float(np.mean([np.log(np.median(np.abs(v)) or np.std(v)) for v in samples]))
    design = covariate_design(covariates).matrix(covariates)
    kernel = infer.NUTS(_model(numpyro), target_accept_prob=sampler.acceptance)
    inputs = (padded, present, design, centre, sampler.levels)
    with jax.enable_x64(True):  # single precision would pass for convergence
        places, diverging = _chains(jax, kernel, inputs, sampler, seed, progress)
        constrained = jax.vmap(jax.vmap(kernel.postprocess_fn(inputs, {})))(places)
        kept = {name: np.asarray(constrained[name], dtype=np.float64) for name in _REPORTED}
    return kept, int(np.sum(diverging))


def _chains(
    jax: Any,
    kernel: Any,
    inputs: tuple[Any, ...],
    sampler: PosteriorSampler,
    seed: int,
    progress: Progress,
) -> tuple[Any, Any]:
    """Unconstrained places, (chains, draws, ...) by name, and which steps diverged.

    One piece of ``_STEPS`` steps is compiled and serves warm-up and draws: the kernel itself knows
    when its adaptation ends. The last piece may reach beyond what is kept.
    """
    total = sampler.warm_up + sampler.draws

    def step(state: Any, _: None) -> tuple[Any, Any]:
        state = kernel.sample(state, inputs, {})
        return state, (state.z, state.diverging)

    piece = jax.jit(lambda state: jax.lax.scan(step, state, None, length=_STEPS))
    keys = jax.random.split(jax.random.PRNGKey(seed), sampler.chains)
    state = kernel.init(keys, sampler.warm_up, init_params=None, model_args=inputs, model_kwargs={})
    steps = []
    for start in range(0, total, _STEPS):
        state, found = piece(state)
        steps.append(jax.tree.map(np.asarray, found))
        progress.advance(min(_STEPS, total - start))

    def kept(*pieces: FloatArray) -> FloatArray:
        return np.swapaxes(np.concatenate(pieces)[sampler.warm_up : total], 0, 1)

    places, diverging = jax.tree.map(kept, *steps)
    return places, diverging


_STEPS = 50
_REPORTED = (
    "log_scale",
    "log_freedom",
    "between_sd",
    "coefficients",
    "log_freedom_mean",
    "log_freedom_sd",
)


def _model(numpyro: Any) -> Any:
    """The model as numpyro wants it; non-centred, so that a small tau makes no funnel."""
    dist = importlib.import_module("numpyro.distributions")
    jnp = importlib.import_module("jax.numpy")

    def model(
        padded: Any, present: Any, design: Any, centre: float, levels: HierarchicalLevels
    ) -> None:
        count, columns = design.shape
        prior_sd = np.full(columns, levels.effect_sd)
        # A level within a factor e^3 of the peers' median; ten would only slow the chains.
        prior_sd[0] = min(levels.constant_sd, 3.0)
        raw = numpyro.sample("raw_coefficients", dist.Normal(0, 1).expand([columns]).to_event(1))
        beta = numpyro.deterministic("coefficients", raw * prior_sd + centre * _first(columns))
        tau = numpyro.sample("between_sd", dist.HalfNormal(levels.between_sd))
        u = numpyro.sample("u", dist.Normal(0, 1).expand([count]).to_event(1))
        log_scale = numpyro.deterministic("log_scale", design @ beta + tau * u)
        mean = numpyro.sample("log_freedom_mean", dist.Normal(np.log(4.0), 0.5))
        omega = numpyro.sample("log_freedom_sd", dist.HalfNormal(0.3))
        w = numpyro.sample("w", dist.Normal(0, 1).expand([count]).to_event(1))
        log_freedom = numpyro.deterministic("log_freedom", mean + omega * w)
        law = dist.StudentT(jnp.exp(log_freedom)[:, None], 0.0, jnp.exp(log_scale)[:, None])
        numpyro.factor("returns", jnp.sum(present * law.log_prob(padded)))

    return model


def _first(columns: int) -> FloatArray:
    unit = np.zeros(columns)
    unit[0] = 1.0
    return unit
