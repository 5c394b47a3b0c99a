"""Why a position, and with it its margin unit, has no requirement."""

from __future__ import annotations

from enum import IntEnum


class MarginReason(IntEnum):
    """Closed enumeration; codes below 5 are those of the kernels in `plimsoll.maths`."""

    NONE = 0
    BEYOND_LAST_TIER = 1  # notional above the last cap: the venue's table does not say
    NO_MARK = 2  # no finite positive mark
    NO_TIERS = 3  # the parameter set does not know the market
    NO_CURRENCY_PRICE = 4  # its settlement or quote currency has no finite positive price
    NO_QUANTITY = 5  # the position's size is not a number
    UNKNOWN_INSTRUMENT = 6  # nobody gave the contract's terms
    NOT_MARGINED = 7  # the model does not margin this kind of contract
    EXPIRED = 8  # at or before the snapshot, and not settled yet
    NO_VOLATILITY = 9  # neither a surface nor the venue's own volatility
    STALE_SURFACE = 10  # older than the model's rules allow
    BEYOND_SURFACE = 11  # expires after the surface's last expiry
    NO_FORWARD = 12  # neither an expiry's quote nor a surface tells the forward
    STALE_MARK = 13  # seen longer before the snapshot than its rule allows
    NO_PARAMETERS = 14  # the parameters do not know the risk unit
    WRONG_SETTLEMENT = 15  # the contract settles in another currency than its risk unit
    NO_COLLATERAL_PRICE = 16  # a currency held as collateral has no price
    NO_LIQUIDITY = 17  # depth or turnover is unknown, and no default was stated
    NO_OPEN_INTEREST = 18  # unknown, where the rule scales by it
    NO_FUNDING = 19  # accrued funding that is not a number
    NO_ENTRY_PRICE = 20  # a perpetual's or future's entry price is no positive finite number
    NO_ISOLATED_MARGIN = 21  # isolated, and nobody knows with how much
    NO_LEVERAGE = 22  # a chosen leverage that is no positive finite number
    NO_COLLATERAL = 23  # an amount of collateral that is not a number
    NO_ORDER = 24  # an open order whose size or limit is not a number
    NO_CONTRACT_SIZE = 25  # the instrument does not say what one contract is
    DUPLICATE_POSITION = 26  # another position of its sign and mode in its market
    NO_SCENARIOS = 27  # no scenario moves it

    @property
    def text(self) -> str:
        """A phrase for tables; empty for none."""
        return _TEXTS[self]


_TEXTS = {
    MarginReason.NONE: "",
    MarginReason.BEYOND_LAST_TIER: "beyond the last tier",
    MarginReason.NO_MARK: "no mark",
    MarginReason.NO_TIERS: "no tiers in the parameter set",
    MarginReason.NO_CURRENCY_PRICE: "no price of the settlement or quote currency",
    MarginReason.NO_QUANTITY: "the position's size is not a number",
    MarginReason.UNKNOWN_INSTRUMENT: "unknown instrument",
    MarginReason.NOT_MARGINED: "not a contract that this model margins",
    MarginReason.EXPIRED: "expired and not settled",
    MarginReason.NO_VOLATILITY: "no volatility",
    MarginReason.STALE_SURFACE: "the volatility surface is too old",
    MarginReason.BEYOND_SURFACE: "expires beyond the volatility surface",
    MarginReason.NO_FORWARD: "no forward",
    MarginReason.STALE_MARK: "its mark is too old",
    MarginReason.NO_PARAMETERS: "no parameters of its risk unit",
    MarginReason.WRONG_SETTLEMENT: "settles in another currency than its risk unit",
    MarginReason.NO_COLLATERAL_PRICE: "no price of a collateral currency",
    MarginReason.NO_LIQUIDITY: "depth or turnover unknown",
    MarginReason.NO_OPEN_INTEREST: "open interest unknown",
    MarginReason.NO_FUNDING: "accrued funding is not a number",
    MarginReason.NO_ENTRY_PRICE: "no positive entry price",
    MarginReason.NO_ISOLATED_MARGIN: "its isolated margin is not known",
    MarginReason.NO_LEVERAGE: "the chosen leverage is not a positive number",
    MarginReason.NO_COLLATERAL: "an amount of collateral is not a number",
    MarginReason.NO_ORDER: "an open order's size or limit is not a number",
    MarginReason.NO_CONTRACT_SIZE: "no contract size",
    MarginReason.DUPLICATE_POSITION: "two positions of one sign and mode in one market",
    MarginReason.NO_SCENARIOS: "no scenario moves it",
}
