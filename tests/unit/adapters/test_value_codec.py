"""Values as bytes and back: the same bits, the same layout in memory, and nothing but data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.adapters.files.kept_stages import WORK, KeptStages, remove_kept
from plimsoll.adapters.files.sealed_file import Seal, opened, write_sealed
from plimsoll.adapters.files.value_codec import decoded, encoded
from plimsoll.calibration.panel_paths import Leg
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.finding import FindingPolicy
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.maths.blended_volatility import EwmaRules, fresh_state

SEAL = Seal(schema="plimsoll.test", version=1, migrations={}, remedy="make it again")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.0,
        0.1 + 0.2,
        float("inf"),
        "läuft",
        b"\x00\xff",
        Decimal("0.0500"),
        (1, [2.0, None], ()),
        {"a": 1, 2: "b", Leg(horizon_hours=1, level=0.99): Decimal(3)},
        Verdict.HOLDS,
        Leg(horizon_hours=8, level=0.95),
        EwmaRules(60.0, 200.0, 24.0, 48.0, 480.0),
        FindingPolicy(),
    ],
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    found = decoded(encoded(value))
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.array(2.5),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.array([True, False]),
        np.array(["BTC", "ETHUSDT"]),
        np.array([np.nan, -0.0, np.inf, 1e-310]),
        np.arange(10).astype("datetime64[ns]"),
        np.empty((0, 3)),
        np.broadcast_to(np.arange(3.0), (2, 3)),
    ],
)
def test_an_array_comes_back_to_the_bit_and_in_its_layout(array: np.ndarray[Any, Any]) -> None:
    found = decoded(encoded((array, array)))
    for one in found:
        assert one.dtype == array.dtype
        assert one.shape == array.shape
        assert one.tobytes() == array.tobytes()
        assert one.flags.writeable == array.flags.writeable
        order = np.argsort([-abs(s) for s in array.strides], kind="stable")
        assert (np.argsort([-abs(s) for s in one.strides], kind="stable") == order).all() or (
            0 in array.strides or array.size < 2
        )


def test_scalars_of_numpy_keep_their_kind() -> None:
    found = decoded(encoded([np.float64(0.1), np.int64(3), np.bool_(True)]))
    assert [type(one) for one in found] == [np.float64, np.int64, np.bool_]


def test_a_state_of_a_kernel_can_be_taken_further() -> None:
    state = fresh_state(2, 3)
    found = decoded(encoded(state))
    assert type(found) is type(state)
    found.weighted[0, 0] = 1.0


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()]), print, Path("a")])
def test_what_is_no_data_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        encoded(value)


@pytest.mark.parametrize(
    "tree",
    [
        {"class": "os:stat_result", "value": {}},
        {"class": "plimsoll.nowhere:A", "value": {}},
        {"class": "plimsoll.adapters.files.value_codec:decoded", "value": {}},
        {"class": "plimsoll.adapters.files.value_codec:json.JSONDecoder", "value": {}},
        {"class": "plimsoll.calibration.panel_paths:Leg", "value": {"other": 1}},
        {"enum": "plimsoll.domain.evidence:Verdict", "value": "perhaps"},
        {"array": ["|O", [1], [0], True, 0]},
        {"array": ["<f8", [100], [0], True, 0]},
        {"set": [1]},
    ],
)
def test_a_file_cannot_choose_what_is_called(tree: object) -> None:
    text = json.dumps(tree).encode()
    with pytest.raises(DataFormatError):
        decoded(len(text).to_bytes(8, "little") + text)


def test_a_sealed_file_opens_only_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "one.kept"
    write_sealed(path, SEAL, "key", b"content")
    key, content = opened(path, SEAL)
    assert (key, bytes(content)) == ("key", b"content")
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataFormatError):
            opened(path, SEAL)
    path.write_bytes(whole.replace(b"plimsoll.test", b"plimsoll.else"))
    with pytest.raises(DataFormatError, match="schema"):
        opened(path, SEAL)


def test_removing_what_was_kept_leaves_what_is_not_ours(tmp_path: Path) -> None:
    notes: list[str] = []
    kept = KeptStages(tmp_path, "key", notes.append)
    kept.put("One stage", 1)
    kept.checkpoint("search").store(b"told")
    assert kept.get("One stage") == 1
    assert kept.checkpoint("search").load() == b"told"
    assert kept.get("never") is None
    (tmp_path / WORK / "mine.txt").write_text("mine")
    remove_kept(tmp_path)
    assert [path.name for path in (tmp_path / WORK).iterdir()] == ["mine.txt"]
    assert len(notes) == 2
