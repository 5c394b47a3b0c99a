"""Accounts carried along history under a venue's rules: calls, liquidations, fund, what is left.

The minimal replay: one position an account, no feedback of close-outs on the mark.

- `accounts`: populations of accounts, given or drawn from a named law of leverage.
- `markets`: mark paths, funding, and the cost of closing.
- `venue`: tier tables in force, and the liquidation rule.
- `replay`: the run itself, at once or bar by bar; `result`: events, fund, totals.
- `solvent_users`: forced liquidations that would have been solvent at the next margin call.
"""
