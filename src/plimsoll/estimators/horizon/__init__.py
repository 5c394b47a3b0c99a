"""Risk over a horizon: scaled moves, filtered simulation, rolling forecasts."""
