"""Volatility: one return after another, batch equal to stream."""
