"""The pictures of a surface as plotly figures, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.errors import UsageError
from plimsoll.report.surface_page import smile_pictures, whole_pictures
from plimsoll.report.surface_view import SurfaceView


def surface_plots(view: SurfaceView) -> Mapping[str, Any]:
    """Return each picture as a ``plotly.graph_objects.Figure``, by name.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    try:
        from plotly.graph_objects import Figure
    except ImportError as error:
        raise UsageError(
            "plotly must be installed", field="figures", remedy="pip install plotly"
        ) from error
    pictures = (*whole_pictures(view), *smile_pictures(view))
    return {
        picture.key: Figure(data=picture.live["data"], layout=picture.live["layout"])
        for picture in pictures
    }
