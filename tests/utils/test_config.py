"""Objects that settings name: what is called is what the setting wants, with checked arguments."""

import subprocess
from collections.abc import Sequence

import pytest
from torch import nn

from utils import config


class Options:
    """Arguments of every kind that YAML files have."""

    def __init__(
        self,
        share: float = 0.0,
        pair: tuple[float, float] = (0.0, 1.0),
        angles: Sequence[float] = (),
        name: str | None = None,
        count: int = 1,
    ) -> None:
        self.given = share, pair, angles, name, count


OPTIONS = f"{__name__}.Options"


def test_arguments_are_checked_by_name():
    with pytest.raises(ValueError, match=r"knows no \['widht'\]"):
        config.build("model.msg3d.Model", {"num_class": 1, "widht": 2})
    with pytest.raises(ValueError, match="missing a required argument"):
        config.build("model.msg3d.Model", {"num_class": 1})
    with pytest.raises(ValueError, match="argument must be text"):
        config.coerced(Options, {3: 1}, "options")


def test_a_number_that_yaml_takes_for_text_is_a_number():
    made = config.build(OPTIONS, {"share": "1e-3", "pair": ["9e-1", 1.1], "angles": ["6e1"]})
    assert made.given == (1e-3, [0.9, 1.1], [60.0], None, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"share": "abc"}, "must be of type float. Got 'abc'"),
        ({"share": True}, "must be of type float. Got True"),
        ({"share": float("nan")}, "must be finite. Got nan"),
        ({"share": "nan"}, "must be of type float"),
        ({"count": "1e3"}, "must be of type int"),
        ({"count": 1.0}, "must be of type int"),
        ({"pair": [1]}, "a list of 2 values"),
        ({"name": 3}, "must be of type str"),
    ],
)
def test_values_of_another_type_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        config.build(OPTIONS, arguments)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("os.system", "is not a class but a builtin_function"),
        ("subprocess.check_output", "is not a class but a function"),
        ("subprocess.Popen", "is not a subclass of Module"),
        ("builtins.dict", "is not a subclass of Module"),
        ("..x", "cannot import"),
        ("x", "cannot import"),
        ("", "cannot import"),
        ("model.msg4d.Model", "cannot import"),
    ],
)
def test_what_is_no_network_is_not_called(name, said, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("it was called")

    monkeypatch.setattr(subprocess.Popen, "__init__", fail)
    with pytest.raises(ValueError, match=said):
        config.build(name, {"args": "touch x"}, base=nn.Module)


def test_a_class_without_what_is_needed_is_not_called(monkeypatch):
    needed = ("__len__", "__getitem__", "label", "sample_name")
    for name in ("subprocess.Popen", "builtins.list", "pathlib.Path"):
        with pytest.raises(ValueError, match="Nothing was run"):
            config.build(name, has=needed)


class PublishedStyle:
    """It sets what it has in a method, as the published feeders and graphs do."""

    def __init__(self) -> None:
        self.load()

    def load(self) -> None:
        self.label, self.sample_name = [0], ["a"]

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        return index


def test_a_class_that_sets_its_attributes_in_a_method_is_taken():
    needed = ("__len__", "__getitem__", "label", "sample_name")
    assert config.build(f"{__name__}.PublishedStyle", has=needed).label == [0]
