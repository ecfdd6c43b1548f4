"""The arrows of the architecture, read from the imports; habits that a search can hold."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Which rooms a room may import from, besides itself.
ALLOWED = {
    "utils": set(),
    "formats": {"utils"},
    "graph": {"utils"},
    "model": {"graph", "utils"},
    "feeders": {"formats", "graph", "utils"},
    "data_gen": {"formats", "graph", "utils"},
    "engine": {"formats", "utils"},
    "tools": {"engine", "data_gen", "feeders", "formats", "graph", "utils"},
}
# The same within a room that has rooms of its own. "" is what lies on top.
ALLOWED_WITHIN = {
    "data_gen": {
        "": {"custom", "chunks", "pipeline", "readers", "people"},
        "chunks": {"custom", "pipeline", "readers", ""},  # laban.py
        "custom": {"pipeline", "readers"},
        "pipeline": {"readers"},
        "readers": set(),
        "people": {"readers", "pipeline"},
    },
    "engine": {
        "": {"tasks", "data", "run_dir", "device", "settings"},
        "settings": {"device"},
        "device": {""},
        "run_dir": {"data", "device", "settings", ""},
        "data": {"device", "settings", ""},
        "tasks": {"data", ""},
    },
    "model": {"": {"gpu", "constants"}, "gpu": {"constants"}, "constants": set()},
    "tools": {
        "": {
            "predicting",
            "video",
            "drawing",
            "reporting",
            "exporting",
            "crossvalidating",
            "explaining",
        },
        "crossvalidating": set(),
        "explaining": {"crossvalidating", "drawing", "predicting"},
        "predicting": {"video"},
        "video": set(),
        "drawing": set(),
        "reporting": {"drawing", "predicting"},
        "exporting": {"predicting"},
    },
}
FILES = sorted(path for room in ALLOWED for path in (ROOT / room).rglob("*.py"))
ON_TOP = [ROOT / "main.py", ROOT / "ensemble.py"]
WITHOUT_TORCH = [
    "ensemble",
    "feeders.tools",
    "feeders.augmentation",
    "feeders.sources",
    "feeders.streams",
    "feeders.transform",
    *sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ("data_gen", "graph", "formats")
        for path in (ROOT / room).glob("*.py")
        if path.stem not in ("__init__", "as_module")
    ),
]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in [*FILES, *ON_TOP]}


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules of the project that a file imports when it is loaded or later."""
    names = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []  # names for annotations only; walked later, hence not at all
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            deeper = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in deeper}
    return frozenset(name for name in names if name in MODULES)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def sub_room(module: str, room: str) -> str:
    """The room within a room that a module lies in; "" on top."""
    names = module.split(".")[1:]
    return names[0] if len(names) > 1 or (names and names[0] in ALLOWED_WITHIN[room]) else ""


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_rooms_import_only_along_the_arrows(path):
    room = path.relative_to(ROOT).parts[0]
    assert {name.split(".")[0] for name in imports(path)} <= ALLOWED[room] | {room}


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.relative_to(ROOT).parts[0] in ALLOWED_WITHIN], ids=shown
)
def test_rooms_within_rooms_import_only_along_the_arrows(path):
    room = path.relative_to(ROOT).parts[0]
    own = sub_room(module_of(path), room)
    inside = {sub_room(name, room) for name in imports(path) if name.startswith(f"{room}.")}
    assert inside <= ALLOWED_WITHIN[room][own] | {own}


def test_no_imports_go_in_a_circle():
    graph = {name: imports(path) - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


@pytest.mark.parametrize("path", sorted((ROOT / "utils").glob("[!_]*.py")), ids=shown)
def test_what_lies_in_utils_serves_several_rooms(path):
    files = [*MODULES.values(), *(ROOT / "benchmarks").glob("*.py"), *(ROOT / "tools").glob("*.py")]
    users = {
        file.relative_to(ROOT).parts[0]
        for file in files
        if module_of(path) in imports(file) and file.parent != path.parent
    }
    assert len(users) > 1, f"only {users} import it: move it there"


def test_ensemble_needs_nothing_of_the_networks():
    assert {name.split(".")[0] for name in imports(ROOT / "ensemble.py")} <= {"formats", "utils"}


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_data_code_and_fusion_load_without_torch(module):
    """Walked by imports rather than run, which would take a second each."""
    seen, ahead = set(), [module]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += imports(MODULES[name])
    for name in seen:
        tree = ast.parse(MODULES[name].read_text())
        found = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert "torch" not in found, name


@pytest.mark.parametrize("module", ["ensemble", "data_gen.ntu_gendata", "feeders.augmentation"])
def test_no_library_brings_torch_along(module):
    check = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0


def test_no_two_classes_have_one_name():
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(shown(path))
    # Dotted names that YAML files use, one a file; and a protocol with its implementation.
    of_yaml = {"Model", "AdjMatrixGraph", "Graph", "Precision"}
    assert {n: p for n, p in places.items() if len(p) > 1 and n not in of_yaml} == {}


@pytest.mark.parametrize("path", [*FILES, *ON_TOP], ids=shown)
def test_habits(path):
    text = path.read_text()
    assert "sys.path." not in text
    assert "except:" not in text
    assert "yaml.load(" not in text
    assert len(text.splitlines()) <= 400


def test_main_fits_on_a_screen():
    assert len((ROOT / "main.py").read_text().splitlines()) <= 180


# `engine.step.launch_step` in docstrings, comments and pages; model.parameters() is no such name.
ROOMS = [*ALLOWED, "benchmarks"]
NAMED = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`")


def exists(name: str) -> bool:
    """Whether a dotted name is a folder, a module, or is written in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        if place.with_suffix(".py").is_file():
            wanted = parts[length : length + 1]
            source = place.with_suffix(".py").read_text(encoding="utf-8")
            return all(re.search(rf"\b{part}\b", source) for part in wanted)
    return ROOT.joinpath(*parts).is_dir()


def test_names_in_backticks_exist():
    pages = [*ROOT.glob("README.md"), *ROOT.glob("docs/*.md")]
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    named = {
        f"{shown(path)}: {name}"
        for path in [*pages, *modules, *ON_TOP]
        for name in NAMED.findall(path.read_text(encoding="utf-8"))
        if not exists(name)
    }
    assert named == set()
