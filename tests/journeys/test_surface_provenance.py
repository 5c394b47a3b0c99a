"""What a surface says of itself: the files read, the surface before, where its page went.

And what it counts: prices that no option can have are judged, and missed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

import plimsoll
from chain_files import write_chains
from command_line import plimsoll_cli
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.table import iso_minute
from plimsoll.errors import StorageError, UsageError
from plimsoll.estimators.surface.settings import DEFAULTS
from plimsoll.journeys.fitted_chain import fit_chain
from plimsoll.journeys.surface_document import record_document
from plimsoll.journeys.surface_tables import expiry_table
from plimsoll.sandbox.option_chain import option_chain, option_chains
from plimsoll.sandbox.option_chain_table import chain_table


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chains(tmp_path_factory.mktemp("chains") / "SYNTHETIC-chains.parquet")


def test_a_page_tells_the_files_read_with_digests_and_the_version(chains: Path) -> None:
    """The files of a pattern, not the pattern."""
    digest = hashlib.sha256(chains.read_bytes()).hexdigest()
    pattern = chains.parent / "SYNTHETIC-chain*.parquet"
    foot = f"plimsoll {plimsoll.__version__} · {chains.name} sha256 {digest[:12]}"
    for result in (plimsoll.surface(pattern), plimsoll.surfaces(pattern)):
        assert result.source == chains.name
        assert f'<footer class="foot">{foot}</footer>' in result.to_html()
        assert f'<footer class="foot">{foot} · by hand</footer>' in result.to_html(note="by hand")
    document = json.loads(plimsoll_cli("surface", pattern, "--json").stdout)["result"]
    assert document["inputs"] == [{"file": chains.name, "sha256": digest}]
    assert document["code_version"] == f"plimsoll {plimsoll.__version__}"
    made = plimsoll.surface(option_chain(1).chain)
    assert made.files == ()
    assert f'<footer class="foot">plimsoll {plimsoll.__version__}</footer>' in made.to_html()


def test_many_files_are_named_from_first_to_last(tmp_path: Path) -> None:
    for number, item in enumerate(option_chains(1, 3)):
        chain_table([item.chain]).write_parquet(tmp_path / f"SYNTHETIC-{number}.parquet")
    result = plimsoll.surfaces(tmp_path / "*.parquet")
    assert result.source == "SYNTHETIC-0.parquet to SYNTHETIC-2.parquet (3 files)"
    assert [item.name for item in result.files] == [f"SYNTHETIC-{n}.parquet" for n in range(3)]


def test_both_verbs_say_whether_a_surface_before_was_a_prior(chains: Path) -> None:
    one, many = (
        plimsoll.surface(chains, currency="KEEL"),
        plimsoll.surfaces(chains, currency="KEEL"),
    )
    alone = "Fitted by itself; --all takes the surface before as a weak prior"
    assert alone in str(one)
    assert alone in one.to_html()
    with_prior = "fitted with the one before (of its coin, not broken) as a weak prior; --at fits"
    assert with_prior in str(many)
    assert with_prior in many.to_html()
    priors = [record_document(record)["prior"] for record in many.records]
    assert priors == [None, *(record_document(r)["at"] for r in many.records[:-1])]
    assert record_document(one.chain().record)["prior"] is None
    chain = option_chain(1).chain
    before = plimsoll.surface(replace(chain, at_ns=chain.at_ns - 3_600 * 10**9)).surface()
    _, note = expiry_table(fit_chain(chain, "HELM", DEFAULTS, before)).notes
    assert note == f"Fitted with the surface of {iso_minute(before.at_ns)} UTC as a weak prior."


@pytest.mark.parametrize("many", [False, True])
def test_python_refuses_the_names_that_the_command_refuses(tmp_path: Path, many: bool) -> None:
    chain = option_chain(1).chain
    result = plimsoll.surfaces(chain) if many else plimsoll.surface(chain)
    with pytest.raises(UsageError, match=r"path: must end in .html or .htm: the page is HTML"):
        result.to_html(tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == []
    assert result.to_html(tmp_path / "page.HTM") == tmp_path / "page.HTM"
    with pytest.raises(StorageError, match="name a file, not a folder"):
        result.to_html(tmp_path)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_negative_prices_cannot_make_a_verdict(side: str) -> None:
    """Every 7th price made negative: as many quotes are judged, and a seventh is missed."""
    good = option_chain(3).chain
    prices = getattr(good, side).copy()
    prices[::7] *= -1.0
    bad = replace(good, **{side: prices})
    honest, spoiled = (plimsoll.surfaces(chain) for chain in (good, bad))
    judged = spoiled.pool().quality.judged
    assert judged.quotes == honest.pool().quality.judged.quotes
    assert 0.8 < judged.inside < 0.9
    assert honest.pool().quality.judged.inside > 0.98
    assert {c.name: c.verdict for c in spoiled.checks}["inside bid-ask"] is Verdict.BREACH
