"""A book by margin unit: rows of positions, cells, and terms assembled into requirements."""
