"""YAML under the command line, and what is said of wrong settings."""

import pytest

from engine.settings.flags import make_parser
from utils import config


def parse(tmp_path, text, *argv):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    return config.parse(make_parser(), ["--config", str(path), *argv])


def test_command_line_over_yaml_over_default(tmp_path):
    args = parse(tmp_path, "batch_size: 8\nbase_lr: 0.5\n", "--batch-size", "4")
    assert (args.batch_size, args.base_lr, args.test_batch_size) == (4, 0.5, 256)


def test_flags_and_keys_take_both_spellings(tmp_path):
    args = parse(tmp_path, "num-epoch: 3\n", "--work_dir", "a_b", "--model-saved-name=c_d")
    assert (args.num_epoch, str(args.work_dir), args.model_saved_name) == (3, "a_b", "c_d")


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
        ("model_args: 3\n", "no mapping"),
        ("- a\n", "must hold 'name: value' lines"),
        ("a: [\n", "is not valid YAML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        parse(tmp_path, text)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"no configuration file absent\.yaml"):
        config.parse(make_parser(), ["--config", "absent.yaml"])


def test_arguments_of_a_class_are_checked():
    with pytest.raises(ValueError, match=r"Model knows no \['widht'\]. It takes num_class"):
        config.build("model.msg3d.Model", num_class=1, widht=2)
    with pytest.raises(ValueError, match=r"Model: missing a required argument: 'num_point'"):
        config.build("model.msg3d.Model", num_class=1)


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
    config.parse(make_parser(), ["--model_saved_name", "x"])
