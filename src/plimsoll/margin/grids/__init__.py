"""What the models of risk grids share: tables, underlyings, parts, fills of a whole grid."""
