"""What README.md and docs/ say exists: commands, flags, files, make targets."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import ensemble
from engine.settings.parse import parse

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks/README.md"]
BLOCKS = [
    block.replace("\\\n", " ")
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
]
LINES = [line.strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [
    shlex.split(line, comments=True)
    for line in LINES
    # Those of gestures are run by tests/test_own_data_example.py, which makes their files.
    if re.match(r"python3 \S+\.py", line) and "$" not in line and "config/gestures/" not in line
]
TORCHRUN = [
    shlex.split(line.partition(" main.py ")[2].removesuffix(" ||"))
    for line in LINES
    if "torchrun " in line and "main.py" in line
]
MAKE_TARGETS = sorted({name for line in LINES for name in re.findall(r"^make ([\w-]+)", line)})


def commands_of(script: str) -> list[list[str]]:
    found = [command[2:] for command in COMMANDS if command[1].startswith(script)]
    assert found
    return found


@pytest.mark.parametrize("argv", [*commands_of("main.py"), *TORCHRUN], ids=" ".join)
def test_main_accepts(argv, monkeypatch):
    monkeypatch.chdir(ROOT)
    settings = parse(argv)
    assert settings.run.work_dir and settings.model.model_args["num_class"] > 1


@pytest.mark.parametrize("argv", commands_of("ensemble.py"), ids=" ".join)
def test_ensemble_accepts(argv):
    assert ensemble.make_parser().parse_args(argv).dataset


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[1].startswith("data_gen/")], ids=" ".join
)
def test_data_commands_accept(command):
    script = import_module(command[1].removesuffix(".py").replace("/", "."))
    parsed = vars(script.make_parser().parse_args(command[2:]))
    for flag in (word for word in command[2:] if word.startswith("--")):
        assert flag.lstrip("-").replace("-", "_") in parsed


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[1].startswith("tools/")], ids=" ".join
)
def test_tools_accept(command):
    script = import_module(command[1].removesuffix(".py").replace("/", "."))
    args = script.make_parser().parse_args(command[2:])
    if hasattr(script, "checked"):
        script.checked(args)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_that_a_page_links_exist(page):
    links = re.findall(r"\]\(((?!http)[^)#]+)[^)]*\)", page.read_text())
    assert [path for path in links if not (page.parent / path).exists()] == []


@pytest.mark.parametrize("target", MAKE_TARGETS)
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_both_demos_and_the_tests_are_named():
    assert {"demo", "demo-personality", "test"} <= set(MAKE_TARGETS)


def test_makefile_and_readme_agree_on_the_minutes():
    makefile = (ROOT / "Makefile").read_text()
    for target, minutes in re.findall(r"^make ([\w-]+) .*; (\d+) minutes", "\n".join(LINES), re.M):
        assert re.search(rf"^# make {target} .*\({minutes} minutes", makefile, re.M), target


def test_the_tree_of_the_readme_names_every_room():
    tree = re.search(r"## What is where\n+```\n(.*?)```", PAGES[0].read_text(), re.DOTALL)[1]
    named = set(re.findall(r"^(\w+)/", tree, re.M))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"config", "docs", "tests"}
    assert rooms <= named
    assert len(PAGES[0].read_text().splitlines()) <= 220
