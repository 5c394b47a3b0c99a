"""Vega: expected-shortfall risk factors, four margin levels, isolated order margin."""
