"""What implied volatility says: features of surfaces, a model-free index, risk premia.

Names are imported from their modules; this package shows what there is.

- `features`: level, skew, curvature, risk reversals and butterflies at constant maturity.
- `term_structure`: levels, slopes, forward variance between expiries.
- `variance_strip`, `smile_strip`, `vol_index`: model-free variance by strip, and the index.
- `realised`, `risk_premium`: realised volatility, and what implied paid over it.
- `delta_strikes`: strikes at deltas, of many smiles at once.
"""
