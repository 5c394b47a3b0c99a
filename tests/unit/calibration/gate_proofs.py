"""One calibration of the sandbox, its proof and its set, for tests of the gate."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from importlib.resources import as_file, files

import pytest

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration import run as run_module
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.run import CalibrationInputs, run_calibration
from plimsoll.config.convert import to_problem
from plimsoll.config.loader import load_venue
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.parameters import ParameterSet
from plimsoll.marketdata.assembly import assemble
from plimsoll.sandbox import generate

DAYS = 700


@lru_cache(maxsize=1)
def made() -> tuple[Proof, ParameterSet]:
    """Proof and set of one calibration of the sandbox."""
    with as_file(files("plimsoll.config").joinpath("template.yaml")) as path:
        problem = replace(to_problem(load_venue(path).config), compare=(), scored_from_ns=None)
    sandbox = generate(5, days=DAYS)
    assembly = assemble(sandbox.bars)
    kept: list[Proof] = []

    def keep(proof: Proof, parameters: ParameterSet, *_: object) -> Evidence:
        kept.append(proof)
        return Evidence(
            parameter_set_id=parameters.id, label="", checks=(), tables=(), provenance={}
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "build_evidence", keep)
        calibration = run_calibration(
            problem,
            CalibrationInputs(
                history=assembly.history.before(sandbox.as_of_ns),
                findings=(),
                sources=assembly.sources,
                refused={},
                policy=FindingPolicy(),
                as_of_ns=sandbox.as_of_ns,
                data_digest="",
                code_version="",
            ),
            executor=SerialExecutor(),
        )
    return kept[0], calibration.parameters


def in_set(name: str, value: Decimal, market: str = "KEEL/USDT:USDT") -> tuple[Proof, ParameterSet]:
    """The set with one value of one market changed; its proof as it was."""
    proof, parameters = made()
    held = tuple(
        replace(p, value=value, grid=None) if (p.market, p.name) == (market, name) else p
        for p in parameters
    )
    assert held != parameters.parameters
    return proof, replace(parameters, parameters=held)
