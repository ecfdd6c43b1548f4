"""YAML as data: each key once, no octal numbers, no more values than a file of settings has."""

import pytest
import yaml

from utils.yaml_values import MAX_CHARACTERS, yaml_values

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


def test_plain_values_are_those_of_yaml():
    text = "{a: 1, b: [2.5, x, null, true], c: {d: -3, e: 0, f: 0.5, g: 1_000, h: 0x10}}"
    assert yaml_values(text) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["010", "007", "08", "-010", "0_1"])
def test_a_number_with_a_leading_zero_is_text(text):
    """Subject 010 is not the eighth."""
    assert yaml_values(f"[{text}, 10]") == [text, 10]


def test_a_key_given_twice_is_an_error_or_a_warning():
    text = "a: {b: 1, b: 2}\nc: 3\n"
    with pytest.raises(ValueError, match="b is given twice"):
        yaml_values(text)
    said = []
    assert yaml_values(text, warn=said.append) == {"a": {"b": 2}, "c": 3} and said == ["b"]


def test_what_is_merged_may_be_replaced():
    assert yaml_values("base: &b {x: 1, y: 2}\nown: {<<: *b, x: 3}") == {
        "base": {"x": 1, "y": 2},
        "own": {"x": 3, "y": 2},
    }


@pytest.mark.parametrize(
    "text",
    [BOMB, "&a [*a]", "[" * 2000, "a: [", "\x00", "!!python/name:os.system ''",
     "x: " + "y" * MAX_CHARACTERS],
    ids=["aliases", "a circle", "levels", "open", "a zero", "a python object", "long"],
)  # fmt: skip
def test_anything_else_is_one_line(text):
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        yaml_values(text)
