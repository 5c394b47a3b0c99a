"""History to fitted model: volatility, tails, filtered historical simulation."""
