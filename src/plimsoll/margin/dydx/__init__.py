"""dYdX v4: margin fractions that rise with open interest, in whole quote quantums."""
