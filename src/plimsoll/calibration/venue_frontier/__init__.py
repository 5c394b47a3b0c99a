"""A venue's own frontier: margin policies on its panel, and the one that its appetite chooses."""
