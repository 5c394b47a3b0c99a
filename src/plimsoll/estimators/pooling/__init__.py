"""What a short history says together with its peers: Bayesian learning and pooling.

- `conjugate`: one market's mean and variance, learnt online in constant time.
- `covariates`, `hierarchy`: levels of many markets drawn from one population, fast.
"""
