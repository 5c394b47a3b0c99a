"""Find what the functional core must not do, by reading its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CORE = (
    "errors.py",
    "domain",
    "maths",
    "measures",
    "marketdata",
    "estimators",
    "scenarios",
    "margin",
    "validation",
    "surveillance",
    "calibration",
    "recalibration",
)
"""Everything below `adapters`."""

BUILTINS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__", "hash"}
"""``hash`` of text differs from process to process."""

CLOCK = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
LOCAL_ZONE = {"datetime.datetime.fromtimestamp", "datetime.date.fromtimestamp"}
MODULES = {
    "asyncio",
    "importlib",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}
SEEDED = {"Generator", "BitGenerator", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence"}
"""Names of ``numpy.random`` without a global state. ``default_rng`` needs a seed."""

FILES = {"load", "save", "savez", "loadtxt", "savetxt", "genfromtxt", "fromfile", "memmap"}
FILE_METHODS = {"tofile", "read_text", "write_text", "read_bytes", "write_bytes", "dump"}

MATHS_MAY_IMPORT = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "math",
    "numba",
    "numpy",
    "plimsoll",
    "scipy",
    "typing",
}


def core_files(package: Path) -> list[Path]:
    """Files of the core of ``package`` (the directory of ``plimsoll``), sorted."""
    roots = (package / name for name in CORE)
    return sorted(f for r in roots for f in (r.rglob("*.py") if r.is_dir() else [r]) if f.exists())


def violations(source: str) -> list[str]:
    """Return ``line: what`` of each thing in ``source`` that the core must not do."""
    tree = ast.parse(source)
    names = _imported_names(tree)
    found = [(n.lineno, f"imports {m}") for n, m in _imports(tree) if _forbidden_module(m)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [(node.lineno, what) for what in _of_call(node, names)]
        if isinstance(node, ast.Attribute | ast.Name):
            what = _of_name(_resolve(node, names))
            found += [(node.lineno, what)] if what else []
        if isinstance(node, ast.Global):
            found.append((node.lineno, "rebinds a global"))
    return [f"{line}: {what}" for line, what in sorted(set(found))]


def foreign_imports(source: str) -> list[str]:
    """Return root modules that `maths` must not import."""
    roots = {module.partition(".")[0] for _, module in _imports(ast.parse(source))}
    return sorted(roots - MATHS_MAY_IMPORT)


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module


def _imported_names(tree: ast.AST) -> dict[str, str]:
    """Local name → full name, for everything imported anywhere in the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _resolve(node: ast.expr, names: dict[str, str]) -> str:
    """Full dotted name of an expression, or nothing where it has none."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


def _forbidden_module(module: str) -> bool:
    return module.partition(".")[0] in MODULES


def _of_name(name: str) -> str:
    if name in CLOCK:
        return f"reads the clock: {name}"
    root, _, rest = name.partition(".")
    if root == "numpy" and rest.startswith("random."):
        function = rest.split(".")[1]
        if function not in SEEDED and function != "default_rng":
            return f"global random state: {name}"
    if root == "numpy" and rest in FILES:
        return f"touches a file: {name}"
    return ""


def _of_call(node: ast.Call, names: dict[str, str]) -> Iterator[str]:
    name = _resolve(node.func, names)
    if isinstance(node.func, ast.Name) and node.func.id in BUILTINS - names.keys():
        yield f"calls {node.func.id}()"
    if name in LOCAL_ZONE and len(node.args) < 2 and not node.keywords:
        yield f"depends on the machine's time zone: {name}"
    if name == "numpy.random.default_rng" and not (node.args or node.keywords):
        yield "random without a seed: default_rng()"
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in FILE_METHODS and not name.startswith("json."):
            yield f"touches a file: .{node.func.attr}()"
        if node.func.attr == "rvs" and "random_state" not in {k.arg for k in node.keywords}:
            yield "global random state: .rvs() without random_state"
