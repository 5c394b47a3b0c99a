"""YAML reading: scalars of the YAML 1.2 core schema, lines, duplicate keys, hostile text.

Oracle for scalars: YAML 1.2.2, section 10.3.2 (tag resolution of the core schema).
"""

from __future__ import annotations

import math

import pytest

from plimsoll.config.document import MAXIMUM_BYTES, path_text, read_document


def value(text: str) -> object:
    document, faults = read_document(text.encode())
    assert faults == ()
    return document.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("-3", -3),
        ("50_000", 50_000),
        ("010", 10),  # YAML 1.1 reads 8
        ("0.5", 0.5),
        (".5", 0.5),
        ("2e9", 2e9),  # YAML 1.1 reads text
        ("1E-3", 1e-3),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("yes", "yes"),  # YAML 1.1 reads true
        ("NO", "NO"),  # the Norway problem; also a ticker
        ("1:30", "1:30"),  # YAML 1.1 reads 90
        ("2024-10-01", "2024-10-01"),  # YAML 1.1 reads a date
        ("'1'", "1"),
        ('"true"', "true"),
        ("1.0%", "1.0%"),
        ("0x1F", "0x1F"),
    ],
)
def test_scalars(text: str, expected: object) -> None:
    found = value(f"key: {text}")
    assert found == {"key": expected}
    assert type(found["key"]) is type(expected)


def test_nan_is_a_number() -> None:
    found = value("key: .nan")
    assert isinstance(found, dict)
    assert math.isnan(found["key"])


def test_lines_of_keys_and_items() -> None:
    document, _ = read_document(b"a: 1\nlist:\n  - x: 1\n\n  - x: 2\n    y: [1,\n     2]\n")
    assert document.line(("a",)) == 1
    assert document.line(("list", 1, "x")) == 5
    assert document.line(("list", 1, "y", 1)) == 7
    assert document.line(("list", 1, "absent")) == 5  # nearest part above


def test_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read_document(b"\xef\xbb\xbfa: 1")[0].value == {"a": 1}


def test_duplicate_key_keeps_reading() -> None:
    document, faults = read_document(b"a: 1\nb: 2\na: 3\nb: 4\n")
    assert document.value == {"a": 1, "b": 2}
    assert [(f.path, f.line) for f in faults] == [("a", 3), ("b", 4)]
    assert "line 1" in faults[0].found


@pytest.mark.parametrize(
    "text",
    [
        b"a: [1",
        b"a: b: c",
        b"\t- x",
        b"a: \xff",
        b"{a: 1}\n---\n{b: 2}",
        b"&x [*x]",
        b"a: &x {b: *x}",
        b"a: !!python/object/apply:os.system ['true']",
        b"a: !thing 3",
        b"<<: {a: 1}",
        b"? [1, 2]\n: x",
        b'a: "\\ud800"',
        b'a: "\\UFFFFFFFF"',
        b"a: " + b"9" * 5000,
        b"[" * 200_000,
        b"".join(b" " * n + b"a:\n" for n in range(300)),
        b"a: 1" + b" " * MAXIMUM_BYTES,
        b"%YAML 9.9\n---\na: 1",
    ],
)
def test_hostile_text_is_a_fault_and_never_an_exception(text: bytes) -> None:
    _, faults = read_document(text)
    assert faults
    assert all(fault.problem and fault.remedy for fault in faults)


def test_aliases_cannot_multiply_without_bound() -> None:
    levels = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [
        b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 9)
    ]
    _, faults = read_document(b"\n".join(levels))
    assert faults


def test_path_text() -> None:
    assert path_text(("classes", "large", "tier_caps_usd", 2)) == "classes.large.tier_caps_usd[2]"
    assert path_text(()) == "(file)"
