"""YAML under the command line, and what is said of wrong settings."""

from types import SimpleNamespace

import pytest

from engine.settings.checks import validate
from engine.settings.parse import make_parser
from engine.settings.parse import parse as parse_settings
from engine.settings.table import ABOUT, DEFAULTS, flag


def parse(tmp_path, text, *argv):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    settings = parse_settings(["--config", str(path), *argv])
    return SimpleNamespace(**settings.values())


def test_command_line_over_yaml_over_default(tmp_path):
    args = parse(tmp_path, "batch_size: 8\nbase_lr: 0.5\n", "--batch-size", "4")
    assert (args.batch_size, args.base_lr, args.test_batch_size) == (4, 0.5, 256)


def test_flags_and_keys_take_both_spellings(tmp_path):
    args = parse(tmp_path, "num-epoch: 3\n", "--work_dir", "a_b", "--model-saved-name=c_d")
    assert (args.num_epoch, str(args.work_dir), args.model_saved_name) == (3, "a_b", "c_d")


def test_paths_may_begin_with_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    text = "work_dir: ~/run\nweights: ~/w.pt\ntrain_feeder_args: {data_path: ~/x.npy}\n"
    args = parse(tmp_path, text, "--test-feeder-args", "{data_path: ~/y.npy}")
    assert (str(args.work_dir), str(args.weights)) == ("/home/me/run", "/home/me/w.pt")
    assert args.train_feeder_args["data_path"] == "/home/me/x.npy"
    assert args.test_feeder_args["data_path"] == "/home/me/y.npy"


def test_a_key_given_twice_is_said(tmp_path, caplog):
    """Published files may have one: its last value counts, as ever."""
    assert parse(tmp_path, "batch_size: 8\nbatch_size: 4\n").batch_size == 4
    assert "settings.yaml gives batch_size twice; the last value counts" in caplog.text


@pytest.mark.parametrize(
    ("yaml", "device"), [("0", ["0"]), ("[0, 1]", ["0", "1"]), ("cpu", ["cpu"])]
)
def test_one_device_is_a_list_of_one(tmp_path, yaml, device):
    assert parse(tmp_path, f"device: {yaml}\n").device == device


@pytest.mark.parametrize("word", ["yes", "true", "T", "y", "1"])
def test_boolean_words(tmp_path, word):
    assert parse(tmp_path, "", "--nesterov", word).nesterov is True
    assert parse(tmp_path, "nesterov: true\n", "--nesterov", "no").nesterov is False
    assert parse(tmp_path, "", "--half").half is True


def test_mappings_are_merged(tmp_path):
    args = parse(tmp_path, "model_args: {a: 1, b: 2}\n", "--model-args", "{b: 3}")
    assert args.model_args == {"a": 1, "b": 3}


def test_numbers_that_yaml_takes_for_text_are_numbers(tmp_path):
    assert parse(tmp_path, "weight_decay: 5e-4\n").weight_decay == 5e-4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("work_dirr: x\n", "unknown key 'work_dirr' in .*Did you mean 'work_dir'"),
        ("batch_size: many\n", "'batch_size: many' is not usable"),
        ("batch_size: [1, 2]\n", "expected one value, got a list"),
        ("nesterov: perhaps\n", "'nesterov: perhaps' is not usable"),
        ("phase: training\n", "choose from train, test"),
        ("model_args: 3\n", "not a mapping"),
        ("- a\n", "must hold 'name: value' lines"),
        ("a: [\n", "is not valid YAML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        parse(tmp_path, text)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"no configuration file absent\.yaml"):
        parse_settings(["--config", "absent.yaml"])


PUBLISHED_FLAGS = """
--work-dir --config --phase --save-score --seed --log-interval --save-interval --eval-interval
--eval-start --print-log --show-topk --feeder --num-worker --train-feeder-args --test-feeder-args
--model --model-args --weights --ignore-weights --half --amp-opt-level --base-lr --step --device
--optimizer --nesterov --batch-size --test-batch-size --forward-batch-size --start-epoch --num-epoch
--weight-decay --checkpoint --optimizer-states --debug --assume-yes
"""


def test_all_published_flags_are_there():
    flags = make_parser()._option_string_actions
    assert [flag for flag in PUBLISHED_FLAGS.split() if flag not in flags] == []
    parse_settings(["--model_saved_name", "x"])


@pytest.mark.parametrize(
    ("flag", "value", "default"),
    [
        ("--amp-dtype", "bfloat16", None),
        ("--amp-backend", "native", "auto"),
        ("--amp-opt-level", "2", "1"),
    ],
)
def test_precision_flags_without_half_have_no_effect(tmp_path, caplog, flag, value, default):
    def warnings_of(*argv):
        caplog.clear()
        validate(parse_settings(["--work-dir", str(tmp_path), *argv]))
        return caplog.text

    assert f"{flag} has no effect without --half." in warnings_of(flag, value)
    assert not warnings_of(flag, value, "--half")
    assert not warnings_of(*([flag, default] if default else []))


def test_every_setting_is_a_flag_and_a_key_with_the_same_default():
    flags = {action.dest: action for action in make_parser()._actions}
    assert flags.keys() == {*ABOUT, "help", "config"}
    for name, default in DEFAULTS.items():
        assert flags[name].default == default
        assert ABOUT[name].help


@pytest.mark.parametrize("name", [n for n, about in ABOUT.items() if about.type in (int, float)])
def test_values_out_of_range_are_refused(name, tmp_path):
    about = ABOUT[name]
    bad = [about.low - 1] if about.low > float("-inf") else []
    bad += [about.above] if about.above > float("-inf") else []
    bad += [about.below] if about.below < float("inf") else []
    bad += [float("nan")] if about.type is float else []
    for value in bad:
        given = str(int(value)) if about.type is int else str(value)
        argv = ["--work-dir", str(tmp_path), flag(name), given]
        if about.choices:
            continue
        with pytest.raises(ValueError, match=f"{flag(name)} must be"):
            validate(parse_settings(argv))


def test_a_file_builds_on_another(tmp_path):
    (tmp_path / "base.yaml").write_text("base_lr: 0.1\nmodel_args: {a: 1, b: 2}\nstep: [5]\n")
    (tmp_path / "sub").mkdir()
    middle = "base: ../base.yaml\nmodel_args: {b: 3}\nhalf: true\n"
    (tmp_path / "sub" / "middle.yaml").write_text(middle)
    settings = parse(tmp_path, "base: sub/middle.yaml\nbase_lr: 0.2\n", "--step", "7")
    assert (settings.base_lr, settings.half, settings.step) == (0.2, True, [7])
    assert settings.model_args == {"a": 1, "b": 3}


def test_files_that_build_on_each_other_are_refused(tmp_path):
    (tmp_path / "other.yaml").write_text("base: settings.yaml\n")
    with pytest.raises(ValueError, match=r"builds on .*settings\.yaml, which builds on it"):
        parse(tmp_path, "base: other.yaml\n")
    with pytest.raises(FileNotFoundError, match=r"no configuration file .*absent\.yaml"):
        parse(tmp_path, "base: absent.yaml\n")
    with pytest.raises(ValueError, match=r"base must be the path of a YAML file. Got 3"):
        parse(tmp_path, "base: 3\n")
