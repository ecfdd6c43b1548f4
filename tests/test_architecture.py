"""The arrows of the architecture, read from the imports; habits that a grep can hold."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("data_gen", "feeders", "graph", "model", "utils")
ALLOWED = {
    "utils": {"utils"},
    "graph": {"graph", "utils"},
    "model": {"model", "graph", "utils"},
    "feeders": {"feeders", "graph", "utils"},
    "data_gen": {"data_gen", "graph", "utils"},
}
SOURCES = sorted(p for room in ALLOWED for p in (ROOT / room).rglob("*.py"))
WITHOUT_TORCH = [
    "ensemble",
    "utils.fusion",
    "graph.ntu_rgb_d",
    "feeders.tools",
    "feeders.augmentation",
    "feeders.sources",
    "feeders.streams",
    "data_gen.ntu_gendata",
    "data_gen.kinetics_gendata",
    "data_gen.ucla_gendata",
    "data_gen.gen_bone_data",
    "data_gen.synthetic",
    "data_gen.udiva_gendata",
    "data_gen.laban_gendata",
]


def imports(path: Path) -> set[str]:
    """The first parts of all modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_import_only_along_the_arrows(path):
    room = path.relative_to(ROOT).parts[0]
    rooms = imports(path) & {*ROOMS, "main", "ensemble"}
    assert rooms <= ALLOWED[room]


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_data_code_and_fusion_start_without_torch(module):
    check = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "main.py", ROOT / "ensemble.py"],
                         ids=lambda p: str(p.relative_to(ROOT)))  # fmt: skip
def test_habits(path):
    text = path.read_text()
    assert "sys.path." not in text
    assert "except:" not in text
    assert "yaml.load(" not in text
    assert len(text.splitlines()) <= 400
