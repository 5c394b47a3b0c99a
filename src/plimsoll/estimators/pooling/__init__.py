"""What a short history says together with its peers: Bayesian learning and pooling.

- `conjugate`: one market's mean and variance, learnt online in constant time.
- `covariates`, `hierarchy`: levels of many markets drawn from one population, fast.
- `young_market`, `young_assessment`: margins of listings, walking forward and at one instant.
- `activity`, `listing_panel`, `listing_level`, `volatility_link`, `scaled_moves`, `pooled_tail`:
  their parts.
"""
