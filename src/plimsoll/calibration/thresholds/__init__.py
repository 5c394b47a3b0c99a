"""Liquidation: thresholds, margin-call level, steps, fee and bonus; adjusted to volatility.

- `close_out`: what maintenance must cover, and the fee that it leaves room for.
- `call_level`: the equity at which users are called, so that they can react.
- `steps`: in how many steps a position is closed: impact against the risk of waiting.
- `bonus`: what a liquidator must be paid, and the lending threshold that leaves room for it.
- `volatility`: a value as a function of the current volatility, with bounds and grid.
- `search`: the same parameters by objective, through a replay of accounts on training folds.
- `equal_loss`: two venues compared at equal margin and equal fund loss.
- `publication`: parameters, tables, and the liquidation rule.
"""
