"""Parameters of the add-ons of `plimsoll.margin.add_ons`, from prices, depth and holdings.

One file a subject; `publication` puts them into a set, and reads them back for an engine.
"""
