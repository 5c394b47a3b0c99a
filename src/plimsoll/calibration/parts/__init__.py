"""What a venue has beside ratios and tiers, from one proof: each subject a `CalibratedPart`.

- `market_moves`: moves of the venue's markets at today's volatility, which the parts rest on.
- `liquidation`, `add_ons`, `collateral`, `fund`, `fees`, `operations`: one subject each.
- `fund_replay`, `fund_scenarios`: what a stated population of accounts takes from the fund.
- `haircut_coverage`: haircuts held against what came after, as margins are.
"""
