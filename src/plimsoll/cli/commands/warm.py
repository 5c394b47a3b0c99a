"""``plimsoll warm``."""

from __future__ import annotations

from plimsoll.cli.exit_codes import ExitCode
from plimsoll.cli.failure import running
from plimsoll.cli.options import Debug, Json


def warm(json: Json = False, debug: Debug = False) -> None:
    """Compile the kernels, once after installing."""
    with running("warm", json=json, debug=debug) as output:
        from plimsoll.journeys.warm import warm as compile_kernels

        result = compile_kernels(progress=output.progress())
        told = f", {result.new} of them compiled and stored now" if result.new else ""
        output.line(f"{result.compiled} kernels ready{told} ({result.seconds:.1f} s)")
        for name in result.cold:
            output.note(f"not compiled: {name}")
        document = {
            "compiled": result.compiled,
            "new": result.new,
            "seconds": result.seconds,
            "cold": [*result.cold],
        }
        output.document(ExitCode.HOLDS, {"result": document})
