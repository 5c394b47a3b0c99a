"""The command line from outside: processes, exit codes, streams, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "plimsoll.cli"]
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3|4|9|10)[0-7](?:;[0-9;]*)?m")
HEAVY = ("numpy", "numba", "polars", "pydantic", "scipy", "pyarrow", "yaml", "plotly", "jinja2")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def on_terminal(*arguments: str, **variables: str) -> str:
    """Output of a command whose stdout and stderr are a terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        text = b""
        while True:
            ready, _, _ = select.select([master], [], [], 30)
            try:
                part = os.read(master, 65536) if ready else b""
            except OSError:  # Linux says end of file so
                part = b""
            if not part:
                break
            text += part
        process.wait()
    os.close(master)
    return text.decode()


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    made = run("init", str(tmp_path / "v"))
    assert made.returncode == 0, made.stderr
    return tmp_path / "v" / "venue.yaml"


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [(["--help"], []), (["--version"], []), (["calibrate", "--help"], ["pydantic"])],
)
def test_help_imports_nothing_heavy(arguments: list[str], allowed: list[str]) -> None:
    # typer itself imports pydantic where it builds the parameters of a verb
    script = (
        "import sys, atexit, json\n"
        f"atexit.register(lambda: print(json.dumps([m for m in {HEAVY!r} if m in sys.modules])))\n"
        f"sys.argv = ['plimsoll', *{arguments!r}]\n"
        "from plimsoll.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout.splitlines()[-1])) <= set(allowed)


def test_help_names_every_verb_and_the_exit_codes() -> None:
    text = run("--help").stdout
    for verb in "demo init check fetch warm calibrate evidence params".split():  # noqa: SIM905
        assert re.search(rf"^\s+{verb}\s", text, re.MULTILINE), verb
    assert "3 bad data" in text
    assert ESCAPE not in text
    assert run().returncode == 2


def test_init_then_check(venue: Path) -> None:
    assert run("check", str(venue)).returncode == 0
    assert run("check", str(venue.parent)).returncode == 0
    again = run("init", str(venue.parent))
    assert again.returncode == 2
    assert "never overwritten" in again.stderr


@pytest.mark.parametrize(
    "name", ['a "quoted" \\ name', "true", "1000", "Müller & Söhne", "x: y #z"]
)
def test_any_folder_name_gives_a_venue_that_holds(tmp_path: Path, name: str) -> None:
    from plimsoll.config import load_venue
    from plimsoll.journeys.init import init

    assert load_venue(init(tmp_path / name)).config.venue.name == name


def test_init_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("init", str(tmp_path / "file" / "v"))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_faults_exit_with_two(venue: Path) -> None:
    text = venue.read_text()
    venue.write_text(text.replace("class: thin", "class: thn").replace("0.0005 ", "5bp ", 1))
    done = run("check", str(venue))
    assert done.returncode == 2
    assert "did you mean thin?" in done.stdout
    assert "write 0.0005" in done.stdout
    assert ESCAPE not in done.stdout + done.stderr
    as_json = run("check", str(venue), "--json")
    assert as_json.returncode == 2
    document = json.loads(as_json.stdout)
    assert {f["path"] for f in document["result"]["faults"]} == {
        "markets[3].class",
        "classes.large.liquidation_cost",
    }
    calibrated = run("calibrate", str(venue), "--json")
    assert calibrated.returncode == 2
    assert json.loads(calibrated.stdout)["error"]["faults"] == document["result"]["faults"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "absent.yaml"], 2),
        (["calibrate", "absent.yaml"], 2),
        (["calibrate", "absent.yaml", "--as-of", "someday"], 2),
        (["calibrate", "absent.yaml", "--workers", "0"], 2),
        (["chek"], 2),
        (["check", "--no-such-option"], 2),
        (["params", "show", "absent.json"], 3),
        (["evidence", "absent"], 3),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ESCAPE not in done.stdout + done.stderr


def test_a_reader_that_leaves_early_is_no_error(venue: Path) -> None:
    venue.write_text(venue.read_text().replace("class: ", "clas: "))
    with subprocess.Popen(
        [*COMMAND, "check", str(venue)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (2, 141)  # it may have written before the pipe was closed


def test_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    script = (
        "import sys, time, types\n"
        "slow = types.ModuleType('plimsoll.journeys.check')\n"
        "def check(*a, **k): print('running', flush=True); time.sleep(30)\n"
        "slow.check = check\n"
        "sys.modules['plimsoll.journeys.check'] = slow\n"
        "sys.argv = ['plimsoll', 'check', 'x']\n"
        "from plimsoll.cli.main import main\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        text = process.stderr.read()
        process.wait()
    assert process.returncode == 130
    assert text == "interrupted: nothing half-written is left\n"
    assert time.monotonic() - began < 10


def test_on_a_terminal_help_is_drawn_and_no_color_is_respected() -> None:
    assert ESCAPE in on_terminal("--help")
    assert not COLOUR.search(on_terminal("--help", NO_COLOR="1"))
    assert ESCAPE not in on_terminal("check", "absent.yaml", NO_COLOR="1")
