"""Fees that move with volatility, and the clamp of funding."""
