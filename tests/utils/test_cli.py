"""Commands: one-line errors with the right exit code, boolean flags, flags in either spelling."""

import argparse
from pathlib import Path

import pytest

from utils.cli import PROJECT, ArgumentParser, run, str2bool


def raise_(error):
    raise error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines"), "error: two lines\n"),
        (FileNotFoundError("a.npy is missing."), "error: a.npy is missing.\n"),
        (
            PermissionError(13, "Permission denied", "x"),
            "error: [Errno 13] Permission denied: 'x'\n",
        ),
        (ValueError(), "error: ValueError\n"),
    ],
)
def test_what_a_user_causes_is_one_line_and_exit_code_1(capsys, error, line):
    with pytest.raises(SystemExit) as exit_:
        run(lambda: raise_(error))
    assert exit_.value.code == 1
    assert capsys.readouterr().err == line


def test_our_own_bugs_keep_their_traceback():
    with pytest.raises(AssertionError):
        run(lambda: raise_(AssertionError))


def test_ctrl_c_exits_with_130(capsys):
    with pytest.raises(SystemExit) as exit_:
        run(lambda: raise_(KeyboardInterrupt()))
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_what_a_terminal_cannot_show_is_printed_by_its_escapes(tmp_path, monkeypatch):
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        monkeypatch.setattr("sys.stdout", out)
        with pytest.raises(SystemExit) as exit_:
            run(lambda: print("\u6325 \udcff"))
    assert exit_.value.code == 0
    assert (tmp_path / "out").read_text() == "\\u6325 \\udcff\n"


@pytest.mark.parametrize("words", [["--work-dir=~/runs"], ["--work-dir", "~/runs"]])
def test_paths_may_begin_with_the_home(monkeypatch, words):
    """A shell leaves the first as it is, which would make a folder called ~."""
    monkeypatch.setenv("HOME", "/home/me")
    parser = ArgumentParser()
    parser.add_argument_group("paths").add_argument("--work-dir", type=Path)
    assert parser.parse_args(words).work_dir == Path("/home/me/runs")


def test_success_exits_with_0():
    with pytest.raises(SystemExit) as exit_:
        run(lambda: None)
    assert exit_.value.code == 0


@pytest.mark.parametrize("word", ["yes", "true", "t", "y", "1"])
def test_words_for_yes_are_read_in_any_case(word):
    assert str2bool(word) is str2bool(word.upper()) is str2bool(word.title()) is True


@pytest.mark.parametrize("word", ["no", "false", "f", "n", "0"])
def test_words_for_no_are_read_in_any_case(word):
    assert str2bool(word) is str2bool(word.upper()) is str2bool(word.title()) is False


@pytest.mark.parametrize("word", ["", "2", "on", "yess"])
def test_other_words_are_refused(word):
    with pytest.raises(argparse.ArgumentTypeError, match="Got"):
        str2bool(word)


@pytest.fixture
def parser():
    parser = ArgumentParser(prog="x")
    parser.add_path("--data_path", "data/ntu", "where the data are")
    parser.add_argument_group("group").add_argument("--out-folder")
    return parser


@pytest.mark.parametrize(
    "line", ["--data_path a --out_folder b_c", "--data-path=a --out-folder=b_c"]
)
def test_hyphens_and_underscores_are_the_same_in_flags_but_not_in_values(parser, line):
    args = parser.parse_args(line.split())
    assert (args.data_path, args.out_folder) == (Path("a"), "b_c")


def test_the_help_shows_the_published_spelling_and_the_default_without_the_machines_path(parser):
    text = parser.format_help()
    assert "--data_path PATH" in text and "--data-path" not in text
    assert "default: data/ntu in the project" in text and str(PROJECT) not in text


def test_default_paths_lie_in_the_project_wherever_the_command_starts(
    parser, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert parser.parse_args([]).data_path == PROJECT / "data" / "ntu"


def test_unknown_flags_end_with_code_2(parser, capsys):
    with pytest.raises(SystemExit) as exit_:
        parser.parse_args(["--data_paht", "a"])
    assert exit_.value.code == 2
    assert "--data_paht" in capsys.readouterr().err
