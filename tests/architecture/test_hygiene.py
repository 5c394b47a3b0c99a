"""Files stay small and say what they are; each dependency has its reason; versions agree."""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import plimsoll

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "plimsoll"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 400
LONG_FUNCTION = 40
VAGUE = {
    "base",
    "common",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "processor",
    "shared",
    "stuff",
    "tools",
    "util",
    "utils",
}


def _project() -> dict[str, object]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(project, dict)
    return project


def _requirement_names(requirements: list[str]) -> list[str]:
    return [re.split(r"[\s\[<>=!~;]", text, maxsplit=1)[0].lower() for text in requirements]


def _reasons() -> dict[str, str]:
    """Dependency → reason, from the table rows ``| `name` | reason |`` of the decisions page."""
    text = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([a-z0-9-]+)` \| (\S.+?) \|", text, flags=re.MULTILINE))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the name to the end, less the docstring."""
    has_docstring = ast.get_docstring(function) is not None
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def is_vague(name: str) -> bool:
    """Whether the noun of a module's name, its last word, says nothing about what is in it."""
    return name.strip("_").split("_")[-1] in VAGUE


def test_no_file_is_longer_than_400_lines() -> None:
    files = FILES + sorted((ROOT / "tests").rglob("*.py"))
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in files}
    assert len(lengths) > 20
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_nine_functions_in_ten_are_under_40_lines() -> None:
    lengths = [_lines_of_code(f) for path in FILES for f in _functions(path)]
    long = sum(n >= LONG_FUNCTION for n in lengths)
    assert len(lengths) > 100
    assert long <= 0.1 * len(lengths)


def test_no_module_has_a_vague_name() -> None:
    names = [f.stem for f in FILES] + [f.parent.name for f in FILES]
    assert {name for name in names if is_vague(name)} == set()


@pytest.mark.parametrize("name", ["utils", "market_helpers", "_common", "base"])
def test_a_vague_name_is_seen(name: str) -> None:
    assert is_vague(name)


@pytest.mark.parametrize("name", ["tiers", "baseline", "common_outage", "recursions"])
def test_a_telling_name_passes(name: str) -> None:
    assert not is_vague(name)


def test_package_init_files_define_nothing() -> None:
    inits = [f for f in FILES if f.name == "__init__.py" and f.parent != SOURCE]
    defined = {
        str(f.relative_to(ROOT)): type(node).__name__
        for f in inits
        for node in ast.parse(f.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name not in {"__getattr__", "__dir__"}
    }
    assert inits
    assert defined == {}


def test_every_runtime_dependency_has_its_reason() -> None:
    project = _project()
    dependencies = project["dependencies"]
    extras = project["optional-dependencies"]
    assert isinstance(dependencies, list)
    assert isinstance(extras, dict)
    users = [r for extra, names in extras.items() if extra not in {"dev", "docs"} for r in names]
    wanted = set(_requirement_names(dependencies + users))
    assert len(wanted) >= 10
    assert set(_reasons()) == wanted


def test_versions_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = _project()["version"]
    assert version == plimsoll.__version__
    latest = re.search(r"^## (\S+)", changelog, flags=re.MULTILINE)
    assert latest is not None
    assert latest.group(1) == version


def test_every_release_opens_with_changed_numbers() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert releases
    for release in releases:
        first_heading = re.search(r"^### (.+)$", release, flags=re.MULTILINE)
        assert first_heading is not None
        assert first_heading.group(1) == "Changed numbers"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_registry_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9][^\s=]*==", text, flags=re.MULTILINE | re.IGNORECASE)
    assert len(pins) > 10
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(pins)


def test_the_licence_is_the_whole_apache_licence() -> None:
    """SHA-256 of the text published at apache.org/licenses/LICENSE-2.0.txt, appendix included."""
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(links) > 5
    broken = [f"{p.name} -> {t}" for p, t in links if not (p.parent / t).exists()]
    assert broken == []


def test_no_path_of_a_machine_and_no_registry_in_the_project() -> None:
    """What is committed says nothing about where it was made."""
    files = [*ROOT.glob("*.toml"), *ROOT.glob("*.md"), *ROOT.glob(".*.yaml"), *FILES]
    files += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.py")]
    found = [
        str(file.relative_to(ROOT))
        for file in files
        if re.search(r"(?<![\w.])/(?:root|work|home/\w+)/|pypi\.|/simple/", file.read_text("utf-8"))
        and file != Path(__file__)
    ]
    assert len(files) > 50
    assert found == []
