"""``plimsoll surface``: what a newcomer gets wrong, and what he is told to do."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from chain_files import write_chains
from command_line import plimsoll_cli
from plimsoll.adapters.chains import ChainFormat
from plimsoll.sandbox.option_chain import option_chain
from plimsoll.sandbox.option_chain_table import chain_table


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chains(tmp_path_factory.mktemp("chains") / "SYNTHETIC-chains.parquet")


def unlike_chains(folder: Path) -> dict[str, Path]:
    """SYNTHETIC files that are no chains, and one with prices in USD."""
    texts = {"text": "# Notes on options, of today\n", "object": "{}\n", "list": "[]\n"}
    paths = {name: folder / f"{name}.md" for name in texts}
    for name, path in paths.items():
        path.write_text(texts[name], "utf-8")
    chain = option_chain(1, currency="HELM").chain
    renamed = [name.replace("HELM", "BTC") for name in chain.names]
    table = chain_table([chain]).with_columns(
        pl.Series("instrument_name", renamed),
        *(pl.col(name) * pl.col("futures_price") for name in ("bid_price", "ask_price")),
    )
    paths["usd"] = folder / "usd.parquet"
    table.drop("currency", "mark_price", strict=False).write_parquet(paths["usd"])
    return paths


def test_help_lists_the_formats() -> None:
    told = re.sub(r"[\s│]+", "", plimsoll_cli("surface", "--help").stdout)
    for item in ChainFormat:
        assert item.value in told


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{missing}"], 3, "must exist, found 'no such file'"),
        (["{chains}", "--currency", "BTC"], 2, "currency: must be one of HELM, KEEL"),
        (["{chains}", "--out", "{folder}/page.pdf"], 2, "--out: must end in .html or .htm"),
        (["{chains}", "--all", "--out", "{folder}/page"], 2, "name it page.html"),
        (
            ["{chains}", "--currency", "BTC"],
            2,
            "it holds HELM 2025-03-04 09:30 to 2025-03-06 09:30",
        ),
        (["{chains}", "--at", "2025-03-03"], 3, "2025-03-0"),
        (["{chains}", "--at", "noon"], 2, "--at: must"),
        (["{chains}", "--all", "--at", "2025-03-05"], 2, "--at: must not be given with --all"),
        (["{chains}", "--all", "--out", "{folder}"], 3, "name a file, not a folder"),
        (["{chains}", "--at", "2025-03-01"], 3, "3 from 2025-03-04T09:30:00Z to 2025-03-06T09:30"),
        (["{chains}", "--format", "xlsx"], 2, "must be one of parquet, deribit_csv, deribit_json"),
        (["{bars}"], 3, "must be option chains in one of five formats (parquet, deribit_csv, "),
        (["{text}"], 3, "{text}: must be option chains in one of five formats"),
        (["{text}"], 3, "ts or timestamp, instrument_name, bid_price, ask_price; docs/judge-your"),
        (["{object}"], 3, "{object}: must hold book summaries or tickers"),
        (["{list}"], 3, "see docs/judge-your-chains.md"),
        (["{usd}"], 3, "must hold prices in BTC"),
        (["{folder}"], 3, "must be a file, found 'a directory'"),
    ],
)
def test_newcomers_are_told_what_to_do(
    chains: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    bars = tmp_path / "bars.parquet"
    pl.DataFrame({"ts": [1, 2], "close": [1.0, 2.0]}).write_parquet(bars)
    names = {
        "missing": tmp_path / "none.parquet",
        "chains": chains,
        "bars": bars,
        "folder": tmp_path,
        **unlike_chains(tmp_path),
    }
    done = plimsoll_cli("surface", *(text.format(**names) for text in arguments))
    assert done.returncode == code, done.stderr
    assert message.format(**names) in done.stderr
    assert not re.search(r"Traceback|PosixPath|\[['\"]", done.stderr)
    assert done.stdout == ""
