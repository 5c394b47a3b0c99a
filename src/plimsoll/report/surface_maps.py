"""Live pictures of a whole surface: in three dimensions, and the map of arbitrage."""

from __future__ import annotations

import numpy as np

from plimsoll.report.embedding import Plain
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.palette import BREACH, GRID, INK, MUTED, RULE
from plimsoll.report.surface_grids import MAP_BEND, ArbitrageMap, Mesh

HEIGHT_COLOURS: list[Plain] = [
    [0.0, "#12406b"],
    [0.35, "#2f7fb5"],
    [0.7, "#9cc9dd"],
    [1.0, "#f3e7b3"],
]
"""Low to high volatility, dark to light, told apart in grey print too."""
_TICKS = (-3.0, -1.0, -0.3, -0.1, 0.0, 0.1, 0.3, 1.0, 3.0)
ZERO_SCALE: list[Plain] = [
    [0.0, BREACH],
    [0.3333, "#f3b79c"],
    [0.3334, "#f3f7fa"],
    [1.0, "#0b4f86"],
]
"""Red below zero, a step at zero, pale to deep blue above, for a range from -1/2 to 1."""
DENSITY_TOP = 1.2
"""Values of g above are drawn alike."""
_ROW = 15.0


def mesh_figure(found: Mesh, label: str) -> Figure:
    """Return the surface in three dimensions."""
    across, along = np.meshgrid(found.deviations, found.days)
    trace: Figure = {
        "type": "surface",
        "x": _rows(across),
        "y": _rows(along),
        "z": _rows(found.vol),
        "colorscale": HEIGHT_COLOURS,
        "colorbar": _colour_bar("implied vol [%]", len=0.7),
        "contours": {
            "x": _ribs(-2.0, 2.0, 0.5),
            "z": {"show": False},
        },
        "lighting": {"ambient": 0.85, "diffuse": 0.35, "specular": 0.04, "roughness": 0.9},
        "hovertemplate": "%{x:.2f} deviations<br>%{y:.1f} d<br>%{z:.2f} %<extra></extra>",
    }
    shown = layout(
        440.0,
        label,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        scene={
            "xaxis": _scene_axis("moneyness [deviations]"),
            "yaxis": _scene_axis(
                "days to expiry",
                type="log",
                tickvals=[1, 2, 4, 7, 14, 30, 60, 120, 240, 480],
            ),
            "zaxis": _scene_axis("implied vol [%]"),
            "domain": {"x": [0.0, 1.0], "y": [0.0, 1.0]},
            "aspectmode": "manual",
            "aspectratio": {"x": 1.15, "y": 1.35, "z": 0.75},
            "camera": {
                "eye": {"x": 2.05, "y": -2.47, "z": 1.27},  # far enough for every axis title
                "center": {"x": -0.05, "y": 0.0, "z": -0.12},
            },
        },
    )
    buttons: Plain = {"modeBarButtons": [["toImage", "orbitRotation", "resetCameraDefault3d"]]}
    return {"data": [trace], "layout": shown, "config": buttons}


def density_figure(found: ArbitrageMap, label: str) -> Figure:
    """Return the map of Durrleman's g; zero is the border between blue and red."""
    high = found.density.max(initial=0.0)
    hover = "%{y}<br>k %{customdata:.3f}<br>g %{text}<extra></extra>"
    heat = _heat(found, list(found.names), found.density, DENSITY_TOP, hover)
    heat["colorbar"] = _colour_bar(f"g (at most {high:.3g})", tickvals=[-0.5, 0, 0.5, 1.0])
    return _map_figure(heat, _zero_line(found, found.density), list(found.names), label)


def forward_vol_figure(found: ArbitrageMap, label: str) -> Figure:
    """Return the map of volatility between neighbouring expiries; below zero is arbitrage."""
    top = float(np.quantile(np.abs(found.forward_vol), 0.9)) if found.forward_vol.size else 1.0
    hover = "%{y}<br>k %{customdata:.3f}<br>%{text} %<extra></extra>"
    heat = _heat(found, list(found.steps), found.forward_vol, top, hover)
    heat["colorbar"] = _colour_bar("vol between expiries [%]")
    return _map_figure(heat, _zero_line(found, found.forward_vol), list(found.steps), label)


def map_position(log_moneyness: np.ndarray) -> np.ndarray:
    """Place on the map's axis: linear within 0.02 of the forward, logarithmic outside."""
    return np.asarray(np.arcsinh(np.asarray(log_moneyness) / MAP_BEND))


def map_ticks() -> list[tuple[float, str]]:
    """Places and names of the ticks on the map's axis."""
    return [(float(map_position(np.array(tick))), f"{tick:g}") for tick in _TICKS]


def _heat(
    found: ArbitrageMap,
    names: list[str],
    values: np.ndarray,
    top: float,
    hover: str,
) -> Figure:
    return {
        "type": "heatmap",
        "x": _plain(map_position(found.log_moneyness)),
        "y": list(range(len(names))),
        "z": _rows(np.clip(values, -top, top)),
        "zmin": -0.5 * top,
        "zmax": top,
        "colorscale": ZERO_SCALE,
        "customdata": [_plain(found.log_moneyness)] * len(names),
        "text": [[f"{value:.4g}" for value in row] for row in values.tolist()],
        "hovertemplate": hover,
        "ygap": 1,
    }


def _zero_line(found: ArbitrageMap, values: np.ndarray) -> Figure:
    """A stroke across a row at each place where its values change sign."""
    places = map_position(found.log_moneyness)
    across: list[Plain] = []
    up: list[Plain] = []
    rows, columns = np.nonzero(np.diff(values < 0.0, axis=1))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        at = float(0.5 * (places[column] + places[column + 1]))
        across += [at, at, None]
        up += [row - 0.5, row + 0.5, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": across,
        "y": up,
        "line": {"color": INK, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _map_figure(heat: Figure, zero: Figure, names: list[str], label: str) -> Figure:
    ticks = map_ticks()
    shown = layout(
        110.0 + _ROW * len(names),
        label,
        margin={"l": 148, "r": 8, "t": 28, "b": 44},
        xaxis=axis(
            "log-moneyness k = ln(K/F)",
            tickvals=[place for place, _ in ticks],
            ticktext=[name for _, name in ticks],
            tickangle=0,
            tickfont={"size": 10},
            showgrid=False,
        ),
        yaxis=axis(
            "",
            tickvals=list(range(len(names))),
            ticktext=list(names),
            tickfont={"size": 10},
            range=[len(names) - 0.5, -0.5],
            showgrid=False,
            automargin=False,
        ),
    )
    return {"data": [heat, zero], "layout": shown}


def _scene_axis(title: str, **more: Plain) -> Plain:
    return {
        "title": {"text": title, "font": {"size": 11, "color": MUTED}},
        "tickfont": {"size": 10, "color": MUTED},
        "gridcolor": GRID,
        "linecolor": RULE,
        "zerolinecolor": RULE,
        "backgroundcolor": "#ffffff",
        "showbackground": True,
        **more,
    }


def _ribs(start: float, end: float, size: float) -> Plain:
    return {
        "show": True,
        "start": start,
        "end": end,
        "size": size,
        "color": "rgba(255,255,255,0.55)",
        "width": 1,
    }


def _colour_bar(title: str, **more: Plain) -> Plain:
    return {
        "title": {"text": title, "side": "right", "font": {"size": 11, "color": MUTED}},
        "thickness": 11,
        "outlinewidth": 0,
        "tickfont": {"size": 10},
        **more,
    }


def _plain(values: np.ndarray) -> list[Plain]:
    return [float(f"{value:.5g}") for value in values.tolist()]


def _rows(values: np.ndarray) -> list[Plain]:
    return [_plain(row) for row in values]
