"""Command line: help against a bare typer app, and the first numeric command after a warm-up.

Peer and ours run alternately as whole processes, since start-up is what is measured. Both are
timed into a pipe and on a terminal, where typer draws with rich.

    python benchmarks/bench_cli.py [--rounds 21] [--dry]
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

import machine

BARE = """\
import typer

app = typer.Typer()


@app.command()
def one(count: int = 1) -> None:
    \"\"\"Do one thing.\"\"\"


@app.command()
def other(count: int = 1) -> None:
    \"\"\"Do another.\"\"\"


app()
"""
CALIBRATE = """\
import sys
from plimsoll.cli.main import main

sys.argv = ["plimsoll", "calibrate", sys.argv[1], "--out", sys.argv[2]]
try:
    main()
except SystemExit as end:
    sys.exit(end.code not in (0, 1))  # the verdict is not what is timed
"""
VENUE = """\
version: 1
venue: {name: small}
data:
  prices:
    {format: csv, path: prices.csv, columns: {time: ts, close: close}, time_unit: s,
     price_kind: synthetic_mark}
markets: [{symbol: prices, instrument: "KEEL/USDT:USDT", class: large}]
classes:
  large:
    {maintenance_horizon_hours: 1, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000, 250_000]}
"""
OURS = [sys.executable, "-m", "plimsoll.cli"]
VERBS = (
    "demo",
    "init",
    "check",
    "fetch",
    "warm",
    "calibrate",
    "estimate",
    "margin",
    "evidence",
    "params",
)
BOOK = """\
account,market,quantity,entry_price,mode,isolated_margin
one,prices,2,40000,cross,
two,prices,-1,41000,isolated,9000
"""
DEMANDED_MS = 1000.0
RESULTS = Path(__file__).parent / "results" / "cli.md"
Seconds = tuple[float, float]


def piped(command: Sequence[str]) -> Seconds:
    """Wall and processor seconds of a command whose output goes into a pipe."""
    return timed(lambda: subprocess.run(command, capture_output=True, check=True))


def drawn(command: Sequence[str]) -> Seconds:
    """Wall and processor seconds of a command on a terminal."""

    def run() -> None:
        master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
        process = subprocess.Popen(command, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        try:
            while os.read(master, 65536):
                pass
        except OSError:  # Linux says end of file so
            pass
        if process.wait():
            raise RuntimeError(f"{command} failed")
        os.close(master)

    return timed(run)


def timed(run: Callable[[], object]) -> Seconds:
    """Wall and children's processor seconds of a call."""
    used, began = _processor(), time.perf_counter()
    run()
    return time.perf_counter() - began, _processor() - used


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def gate() -> None:
    """What is timed must be right first: every verb in the help, the version in --version."""
    text = subprocess.run([*OURS, "--help"], capture_output=True, text=True, check=True).stdout
    missing = [verb for verb in VERBS if verb not in text]
    if missing:
        raise SystemExit(f"help lacks {missing}")
    printed = subprocess.run([*OURS, "--version"], capture_output=True, text=True, check=True)
    if not printed.stdout.startswith("plimsoll "):
        raise SystemExit("no version")


def alternately(
    rounds: int, measure: Callable[[Sequence[str]], Seconds], *commands: Sequence[str]
) -> list[Seconds]:
    """Median seconds of each command, run in turns."""
    times: list[list[Seconds]] = [[] for _ in commands]
    for _ in range(rounds):
        for mine, command in zip(times, commands, strict=True):
            mine.append(measure(command))
    return [
        (statistics.median(t[0] for t in mine), statistics.median(t[1] for t in mine))
        for mine in times
    ]


def help_rows(rounds: int, folder: Path) -> list[str]:
    """Rows of the table for help."""
    bare = folder / "bare.py"
    bare.write_text(BARE)
    rows = []
    for place, measure in (("pipe", piped), ("terminal", drawn)):
        peer, ours = alternately(
            rounds, measure, [sys.executable, str(bare), "--help"], [*OURS, "--help"]
        )
        rows.append(
            f"| `--help`, {place} | {1e3 * peer[0]:.0f} | {1e3 * ours[0]:.0f} "
            f"| {ours[0] / peer[0]:.2f} | {1e3 * ours[1]:.0f} | ≤ 1.5 × bare typer |"
        )
    return rows


def warm_rows(rounds: int, folder: Path) -> list[str]:
    """Rows of the table for the first numeric command of a fresh process, kernels stored."""
    subprocess.run([*OURS, "warm"], capture_output=True, check=True)
    one_market(folder)
    one_book(folder)
    files = {name: str(folder / name) for name in ("prices.csv", "book.csv", "marks.csv")}
    tasks = {
        "`margin`, two accounts": [
            *OURS,
            "margin",
            files["book.csv"],
            *("--parameters", str(folder / "set"), "--marks", files["marks.csv"]),
            *("--collateral", str(folder / "collateral.csv")),
        ],
        "`estimate --alone`, one market, 500 days": [
            *(*OURS, "estimate", files["prices.csv"], "--market", "prices", "--alone"),
            *("--time-unit", "s"),
        ],
        "import of the calibration journey": [
            sys.executable,
            "-c",
            "import plimsoll.journeys.calibrate",
        ],
        "`calibrate`, one market, 500 days, with report": [
            sys.executable,
            "-c",
            CALIBRATE,
            str(folder),
            str(folder / "out"),
        ],
    }
    times = alternately(rounds, piped, *tasks.values())
    limit = f"≤ {DEMANDED_MS:,.0f} ms"
    demands = (limit, limit, "–", "–")
    return [
        f"| {task}, after `warm` | – | {1e3 * wall:.0f} | – | {1e3 * used:.0f} | {demand} |"
        for task, (wall, used), demand in zip(tasks, times, demands, strict=True)
    ]


def one_market(folder: Path) -> None:
    """Write a venue of one SYNTHETIC market: a random walk with Student-t steps."""
    steps = 0.006 * np.random.default_rng(1).standard_t(4, 24 * 500)
    hours = 1_640_995_200 + 3600 * np.arange(steps.size)
    rows = zip(hours, 40_000.0 * np.exp(np.cumsum(steps)), strict=True)
    lines = [f"{hour},{price!r}" for hour, price in ((int(h), float(p)) for h, p in rows)]
    (folder / "prices.csv").write_text("\n".join(["ts,close", *lines]))
    (folder / "venue.yaml").write_text(VENUE)


def one_book(folder: Path) -> None:
    """Write a SYNTHETIC book, and calibrate the set it is margined under."""
    command = [*OURS, "calibrate", str(folder), "--out", str(folder / "set")]
    if subprocess.run(command, capture_output=True, check=False).returncode not in (0, 1):
        raise SystemExit("no parameter set")
    (folder / "book.csv").write_text(BOOK)
    (folder / "collateral.csv").write_text("account,currency,amount\none,USDT,20000\n")
    (folder / "marks.csv").write_text("market,mark,instrument\nprices,40500,KEEL/USDT:USDT\n")


def main() -> None:
    """Run, print, and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--dry", action="store_true", help="print, and keep no table")
    options = parser.parse_args()
    gate()
    with tempfile.TemporaryDirectory() as name:
        rows = help_rows(options.rounds, Path(name))
        rows += warm_rows(max(options.rounds // 3, 3), Path(name))
    lines = [
        "# Command line",
        "",
        f"Medians of {options.rounds} whole processes, peer and ours in turns. "
        f"{machine.describe()} typer {version('typer')}.",
        "",
        "| task | bare typer [ms] | ours [ms] | ratio | ours, processor [ms] | demanded |",
        "|---|---:|---:|---:|---:|---|",
        *rows,
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if not options.dry:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
