"""Full posteriors by Hamiltonian Monte Carlo; needs the extra ``bayes`` (numpyro).

- `hierarchical_posterior`: the pooled levels of many markets without empirical Bayes' shortcut.
- `nightly_check`: how far the fast approximation is from it.
"""
