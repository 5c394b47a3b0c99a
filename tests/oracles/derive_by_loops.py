"""Derive's margins in plain loops over one account: another derivation than the package's.

Written from ``reference/margin_engines.md``, with the error function of the standard library, one
option after the other, no arrays. Inputs are those of the vectors.
"""

from __future__ import annotations

import math
from typing import Any

YEAR = 31_536_000


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black(forward: float, strike: float, vol: float, years: float, right: str) -> float:
    """Undiscounted value; without volatility or time the intrinsic one."""
    v = vol * math.sqrt(years)
    side = 1.0 if right == "C" else -1.0
    if v == 0.0 or forward == 0.0:
        return max(side * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / v + v / 2.0
    return side * (forward * normal(side * d1) - strike * normal(side * (d1 - v)))


def charge(confidence: float, threshold: float, margin: float, notional: float) -> float:
    return (1.0 - confidence) * margin * notional if confidence < threshold else 0.0


def naked_shorts(options: list[dict[str, Any]]) -> float:
    """Short options once calls and puts of one strike are netted where their signs differ."""
    total = 0.0
    for strike in {o["strike"] for o in options}:
        here = [o for o in options if o["strike"] == strike]
        calls = sum(o["qty"] for o in here if o["type"] == "C")
        puts = sum(o["qty"] for o in here if o["type"] == "P")
        if calls < 0.0 < puts:
            total += max(-calls - puts, 0.0)
        elif puts < 0.0 < calls:
            total += max(-puts - calls, 0.0)
        else:
            total += max(-calls, 0.0) + max(-puts, 0.0)
    return total


def vol_factors(shock: dict[str, Any], seconds: float) -> tuple[float, float]:
    days = seconds / 86_400
    power = shock["short_power"] if days <= 30 else shock["long_power"]
    stretch = (30 / max(days, shock["dte_floor_days"])) ** power
    return 1 + shock["range_up"] * stretch, max(0.0, 1 - shock["range_down"] * stretch)


class Expiry:
    """One expiry of one account under PMRM_2."""

    def __init__(self, quote: dict[str, Any], options: list[dict[str, Any]], given: Any) -> None:
        self.quote, self.options, self.given = quote, options, given
        seconds = quote["sec_to_expiry"]
        self.years = seconds / YEAR
        share = min(seconds, 1800) / 1800
        self.floating, self.fixed = quote["forward"] * share, quote["forward"] * (1 - share)
        self.rate = max(quote["rate"], 0.0)
        self.discount = math.exp(-self.rate * self.years)
        self.up, self.down = vol_factors(given["vol_shock"], seconds)
        self.marked = self.value(1.0, "none")

    def shocked_vol(self, option: dict[str, Any], move: str) -> float:
        vol, skew = float(option["mark_vol"]), self.given["skew_shock"]
        if move == "up":
            return max(vol * self.up, float(self.given["vol_shock"]["min_vol_up"]))
        if move == "down":
            return vol * self.down
        if move == "none":
            return vol
        root, linear = math.sqrt(self.years), move == "skew_linear"
        kind = "linear" if linear else "abs"
        cap = skew[f"{kind}_cap0"] + skew[f"{kind}_cap_slope"] * root
        k = math.log(option["strike"] / (self.floating + self.fixed))
        k = k if linear else abs(k)
        width = root * skew["width_scale"] * (skew["vol_static"] + root * skew["vol_scale"])
        tilt = k * cap / max(skew["min_kstar"], width)
        tilt = min(tilt, cap) if k >= 0.0 else max(tilt, -cap)
        return vol * float(max(1.0 + tilt, 0.0))

    def value(self, price: float, move: str) -> float:
        forward = self.floating * price + self.fixed
        return math.fsum(
            o["qty"]
            * self.discount
            * black(forward, o["strike"], self.shocked_vol(o, move), self.years, o["type"])
            for o in self.options
        )

    def profit(self, price: float, move: str) -> float:
        margin, shocked = self.given["margin"], self.value(price, move)
        if shocked >= 0.0:
            growth = self.rate * margin["long_rate_mult"] + margin["long_rate_add"]
            shocked *= margin["long_base_discount"] * math.exp(-self.years * growth)
        else:
            growth = self.rate * margin["short_rate_mult"] + margin["short_rate_add"]
            markup = margin["short_base_markup"] * math.exp(self.years * growth)
            shocked *= min(1 / self.discount, markup)
        result = float(shocked - self.marked)
        return -abs(result) if move.startswith("skew") else result

    def basis(self) -> float:
        rule = self.given["basis_contingency"]
        sides = [self.value(rule[name], "none") - self.marked for name in ("spot_up", "spot_down")]
        return min(*sides, 0.0) * float(rule["add"] + rule["mult"] * self.years)


def pmrm2(inputs: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Margin levels and scenario results of one PMRM_2 account."""
    spot, stable, perp = inputs["spot"]["price"], inputs["stable"]["price"], inputs["perp"]
    expiries = [
        Expiry(q, held, given)
        for q in inputs["expiries"]
        if (held := [o for o in inputs["options"] if o["sec_to_expiry"] == q["sec_to_expiry"]])
    ]
    assets = [(a, a["qty"] * a["price"] / stable) for a in inputs["collaterals"]]
    hedge = sum(value for a, value in assets if a["risk_cancelling"])
    results = []
    for s in given["scenarios"]:
        price = 1.0 if s["vol"].startswith("skew") else s["spot_mult"]
        linear = (perp["qty"] * perp["price"] + hedge) * (price - 1.0)
        results.append(s["damp"] * (linear + sum(e.profit(price, s["vol"]) for e in expiries)))
    basis = sum(e.basis() for e in expiries)
    worst = min(basis, *results)
    other, size = given["other"], abs(perp["qty"])
    naked = sum(naked_shorts(e.options) for e in expiries)
    kept = size * spot * other["mm_perp"] + naked * spot * other["mm_short_option"]
    kept += sum(a["mm_haircut"] * value for a, value in assets)
    extra = size * spot * other["im_perp_extra"] + naked * spot * other["im_short_option_extra"]
    extra += sum(a["im_haircut_extra"] * value for a, value in assets)
    threshold, margin = other["conf_threshold"], other["conf_margin"]
    trust = [inputs["spot"]["confidence"], *([perp["confidence"]] if size else [])]
    oracle = charge(min(trust), threshold, margin, size * spot)
    for e in expiries:
        own = (e.quote["forward_conf"], e.quote["rate_conf"], e.quote["vol_conf"])
        notional = spot * sum(abs(o["qty"]) for o in e.options)
        oracle += charge(min(*trust, *own), threshold, margin, notional)
    for a, value in assets:
        oracle += charge(min(a["confidence"], trust[0]), threshold, margin, value)
    marked = sum(e.marked for e in expiries) + sum(value for _, value in assets)
    equity = marked + inputs["cash"] + perp["unrealised_pnl"] + perp["unrealised_funding"]
    peg = max(other["peg_threshold"] - stable, 0.0) * other["peg_factor"]
    factors = given["margin"]
    return {
        "IM": equity + worst * (factors["im_factor"] + peg) - kept - extra - oracle,
        "MM": equity + worst * factors["mm_factor"] - kept,
        "scenario_pnl": results,
        "basis_contingency": basis,
    }


def srm(inputs: dict[str, Any]) -> dict[str, float]:
    """Margin levels of one account under the standard margin."""
    p = inputs["params"]
    peg = max(p["depeg"]["threshold"] - inputs["stable_price"], 0.0) * p["depeg"]["factor"]
    initial = maintenance = inputs["cash"]
    for m in inputs["markets"].values():
        spot, perp, base = m["spot"], m["perp"], m["base"]
        oracle = p["oracle_contingency"]
        size = abs(perp["qty"])
        initial += perp["unrealised"] - size * perp["price"] * p["perp"]["im"] - peg * size * spot
        maintenance += perp["unrealised"] - size * perp["price"] * p["perp"]["mm"]
        trust = min(m["spot_conf"], perp["conf"])
        initial -= charge(trust, oracle["perp_threshold"], oracle["factor"], size * spot)
        counted = base * spot * p["base"]["margin_factor"]
        initial += counted * p["base"]["im_scale"]
        maintenance += counted
        initial -= charge(m["spot_conf"], oracle["base_threshold"], oracle["factor"], base * spot)
        for seconds in {o["sec_to_expiry"] for o in m["options"]}:
            held = [o for o in m["options"] if o["sec_to_expiry"] == seconds]
            forward = m["forwards"][str(seconds)]
            first, second = srm_expiry(held, forward["price"], spot, p["option"])
            initial += first
            maintenance += second
            short = sum(-o["qty"] for o in held if o["qty"] < 0.0) * spot
            trust = min(m["spot_conf"], forward["conf"], *(o["vol_conf"] for o in held))
            initial -= peg * short
            initial -= charge(trust, oracle["option_threshold"], oracle["factor"], short)
    return {"IM": initial, "MM": maintenance}


def srm_expiry(
    held: list[dict[str, Any]], forward: float, spot: float, rates: dict[str, float]
) -> tuple[float, float]:
    """Initial and maintenance level of the options of one expiry."""
    alone = [0.0, 0.0]
    for o in (o for o in held if o["qty"] < 0.0):
        q, call = o["qty"], o["type"] == "C"
        value = q * black(forward, o["strike"], o["vol"], o["sec_to_expiry"] / YEAR, o["type"])
        away = max((o["strike"] - spot if call else spot - o["strike"]) / spot, 0.0)
        initial = value + q * spot * max(rates["min_spot_req"], rates["max_spot_req"] - away)
        if call:
            kept = value + q * spot * rates["mm_call_spot_req"]
        else:
            kept = value + min(q * spot * rates["mm_put_spot_req"], value * rates["mm_put_mtm_req"])
            initial = min(initial, rates["mm_offset_scale"] * kept)
        alone = [alone[0] + initial, alone[1] + kept]
    payoffs = [
        sum(o["qty"] * black(price, o["strike"], 0.0, 0.0, o["type"]) for o in held)
        for price in (0.0, *(o["strike"] for o in held))
    ]
    calls = min(sum(o["qty"] for o in held if o["type"] == "C"), 0.0) * forward
    least = min(0.0, *payoffs)
    return (
        max(alone[0], least + calls * rates["unpaired_im_scale"]),
        max(alone[1], least + calls * rates["unpaired_mm_scale"]),
    )
