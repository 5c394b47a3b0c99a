"""What deposits may count for: haircuts, caps, admission, lending terms, from prices and depth.

`calibrate.calibrate_collateral` goes through `assets.AssetHistory` to `assets.AssetHaircut`;
`publication` writes the parameters that `plimsoll.margin.collateral` counts with.
"""
