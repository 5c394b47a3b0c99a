"""How volatility surfaces move over a margin period: what shocks of implied volatility rest on.

Names are imported from their modules; this package shows what there is.

- `history`: features of a pair's surfaces over time, and the window a decision may see.
- `moves`: non-overlapping joint moves of spot and surface over the margin period.
- `weekdays`, `variance_clock`: what weekdays explain, and the clock that removes it.
- `power_law`: how the size of moves falls with maturity.
- `principal_components`, `joint`: the joint distribution, by components and by parameters.
- `spot_vol`: how spot and volatility move together.
"""
