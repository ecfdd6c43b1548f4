"""Every command of the README is accepted by the script it names."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import ensemble
from engine.settings.parse import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    shlex.split(line, comments=True)
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("python3 ") and not line.startswith("python3 -m venv")
]
TORCHRUN = [
    shlex.split(line.partition(" main.py ")[2].removesuffix(" ||"))
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if "torchrun " in line
]
MAKE_TARGETS = re.findall(r"^make (\w+)", "\n".join(BLOCKS), re.MULTILINE)


def commands_of(script: str) -> list[list[str]]:
    found = [command[2:] for command in COMMANDS if command[1].startswith(script)]
    assert found
    return found


@pytest.mark.parametrize("argv", [*commands_of("main.py"), *TORCHRUN], ids=" ".join)
def test_main_accepts(argv, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert parse(argv).run.work_dir


@pytest.mark.parametrize("argv", commands_of("ensemble.py"), ids=" ".join)
def test_ensemble_accepts(argv):
    assert ensemble.make_parser().parse_args(argv).dataset


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[1].startswith("data_gen/")], ids=" ".join
)
def test_data_commands_accept(command):
    script = import_module(command[1].removesuffix(".py").replace("/", "."))
    assert script.make_parser().parse_args(command[2:])


def test_nothing_is_left_to_fill_in():
    assert not re.search(r"[A-Z]+_(RESULT|NOTE)|TODO", README)


def test_the_files_named_exist():
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", README):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("target", MAKE_TARGETS)
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
