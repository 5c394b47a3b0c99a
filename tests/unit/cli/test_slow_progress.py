"""Progress that shows itself late: never for what is fast, with all that was done for the rest."""

from __future__ import annotations

from plimsoll.cli.slow_progress import SlowProgress


class Seen:
    """A display that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def start(self, label: str, total: int | None = None) -> None:
        self.calls.append(("start", label, total))

    def advance(self, count: int = 1) -> None:
        self.calls.append(("advance", count))

    def finish(self) -> None:
        self.calls.append(("finish",))


def run(seconds: float) -> list[tuple[object, ...]]:
    seen = Seen()
    watched = SlowProgress(lambda: seen, seconds)
    watched.start("prices", 3)
    watched.advance(2)
    watched.advance()
    watched.finish()
    return seen.calls


def test_a_fast_stage_shows_nothing() -> None:
    assert run(60.0) == []


def test_a_slow_stage_shows_what_was_done_before() -> None:
    assert run(0.0) == [("start", "prices", 3), ("advance", 2), ("advance", 1), ("finish",)]
