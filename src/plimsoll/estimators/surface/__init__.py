"""Implied-volatility surfaces: fit, freedom from arbitrage, queries, and how well they fit."""
