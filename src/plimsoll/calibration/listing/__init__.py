"""Listing a coin: a few weeks of prices, peers and depth in; tiers, limits and a review out.

- `request`: what is asked. `listing`: the answer, `list_market`.
- `young_risk`: price risk from own hours and peers. `depth`: cost curve and turnover.
- `size_limits`: position limit, open interest, tiers. `haircut`, `add_on_figures`: the rest.
- `review`: when to look again, and how many breaches are too many before then.
- `proof`: the same rule on the peers' own first weeks, walk-forward.
- `publication`, `tables`: as parameters and as tables.
"""
