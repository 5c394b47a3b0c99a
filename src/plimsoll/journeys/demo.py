"""``demo``: the main job on a generated venue. Everything it shows is SYNTHETIC, and says so."""

from __future__ import annotations

import os
from importlib.resources import as_file, files
from typing import BinaryIO

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.calibrate import Order, carry_out
from plimsoll.journeys.result import CalibrationResult

OPTION_CHAIN = "SYNTHETIC-option-chain.parquet"
"""Everything made of a chain names the file it is from: so it says that it is synthetic."""
CHAIN_SEED = 1


def demo(
    out: str | os.PathLike[str] | None = None, *, progress: Progress = SILENT
) -> CalibrationResult:
    """Calibrate the sandbox venue: the venue file that ``plimsoll init`` writes, as it stands.

    Parameters
    ----------
    out : path, optional
        Folder for parameters, evidence, report and tables, and for a generated option chain that
        ``plimsoll surface`` reads.
    progress : Progress
    """
    with as_file(files("plimsoll.config").joinpath("template.yaml")) as venue:
        order = Order(
            out=out,
            progress=progress,
            command="plimsoll demo",
            beside={OPTION_CHAIN: write_option_chain},
        )
        return carry_out(order, venue)


def write_option_chain(stream: BinaryIO) -> None:
    """Write one generated option chain as Parquet; always the same bytes."""
    # Not at the head: a demo that writes nothing needs none of it.
    from plimsoll.sandbox.option_chain import SOURCE, option_chain
    from plimsoll.sandbox.option_chain_table import chain_table

    table = chain_table([option_chain(CHAIN_SEED).chain])
    table.write_parquet(stream, metadata={"plimsoll.source": SOURCE})
