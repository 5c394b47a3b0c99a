"""The price of safety: margin policies on the frontier of coverage, capital and procyclicality."""
