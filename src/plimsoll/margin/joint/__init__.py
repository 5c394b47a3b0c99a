"""What the models over joint scenarios share: exposures in one currency, measures, orders."""
