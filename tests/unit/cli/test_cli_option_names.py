"""Errors name the option that was typed, not the Python argument that it filled."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.cli.option_names import naming
from plimsoll.errors import (
    ConfigurationError,
    DataFormatError,
    Fault,
    ParameterError,
    PlimsollError,
    UsageError,
)


def raised(error: PlimsollError, *arguments: str, **options: str) -> PlimsollError:
    with pytest.raises(PlimsollError) as caught, naming(*arguments, **options):
        raise error
    return caught.value


def test_the_option_stands_for_its_argument() -> None:
    found = raised(ParameterError("must be an age", found="x", field="max_age"), "max_age")
    assert type(found) is ParameterError
    assert str(found) == "--max-age: must be an age, found 'x'"
    assert (found.field, found.found, found.row) == ("--max-age", "x", None)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("contract_size of A/B", "--contract-size of A/B"),
        ("what-if", "--what-if"),
        ("account", "--explain"),
        ("contract_sizes", "contract_sizes"),
        ("book.csv", "book.csv"),
        ("account/state/warm.state", "account/state/warm.state"),
        ("--at", "--at"),
        ("", ""),
    ],
)
def test_fields(field: str, said: str) -> None:
    error = UsageError("must hold", found=1, field=field, remedy="mend it", row=3)
    found = raised(error, "contract_size", "what_if", account="--explain")
    assert (found.field, found.remedy, found.row) == (said, "mend it", 3)


def test_a_column_keeps_its_name() -> None:
    assert raised(DataFormatError("must be", field="market"), "market").field == "market"
    assert raised(DataFormatError("must be", field="at"), at="--at").field == "--at"


def test_faults_of_a_venue_file_are_left_alone() -> None:
    fault = Fault(path="seed", problem="must be whole", found="1.5", remedy="write 2")
    error = ConfigurationError("venue.yaml", (fault,))
    assert raised(error, "source") is error


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("venue")
    assert CliRunner().invoke(application(), ["init", str(folder / "v")]).exit_code == 0
    return str(folder / "v")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("calibrate", "{venue}", "--as-of", "soon"), "--as-of: must be a date"),
        (("check", "{venue}", "--as-of", "soon"), "--as-of: must be a date"),
        (("calibrate", "{venue}", "--data", "x"), "PLIMSOLL_DATA must be in a path"),
        (("check", "{venue}", "--data", "x"), "PLIMSOLL_DATA must be in a path"),
        (("init", "{venue}/new", "--name", " "), "--name: must hold a character"),
        (("init", "{venue}/new", "--name", ""), "--name: must hold a character"),
        (("fetch", "binance", "BTC/USDT", "--since", "x"), "--since: must be an ISO 8601"),
        (
            ("fetch", "binance", "BTC/USDT", "--since", "2024-01-01", "--until", "x"),
            "--until: must be an ISO 8601",
        ),
        (
            ("fetch", "binance", "BTC/USDT", "--since", "2024-01-02", "--until", "2024-01-01"),
            "--since: must be before",
        ),
        (
            ("fetch", "binance", "BTC/USDT", "--since", "2024-01-01", "--timeframe", "x"),
            "--timeframe: must be a count",
        ),
        (
            ("fetch", "binance", "BTC/USDT", "--since", "2024-01-01", "--price", "x"),
            "--price: must be one of",
        ),
        (("params", "import", "{venue}", "--from", "x"), "--from: must be a schema"),
        (("params", "diff", "{venue}", "{venue}", "--from", "x"), "--from: must be a schema"),
        (("params", "export", "{venue}", "--to", "x"), "--to: must be a schema"),
        (("margin", "b.json", "--preset", "deribit"), "--market or --marks: must be given"),
        (("margin", "b.json", "--preset", "nobody", "--marks", "m.csv"), "--preset: must be"),
        (("margin", "b", "--parameters", "p", "--plan", "a", "--closing-fee", "1"), "--health"),
        (
            ("margin", "b", "--parameters", "p", "--health", "--closing-fee", "5"),
            "--closing-fee: must be a share",
        ),
        (
            ("margin", "b", "--parameters", "p", "--contract-size", "A"),
            "--contract-size: must be MARKET=SIZE",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_verbs(arguments: tuple[str, ...], said: str, venue: str) -> None:
    found = CliRunner().invoke(application(), [a.format(venue=venue) for a in arguments])
    assert found.exit_code == 2, found.output
    assert said in found.output
