"""Values of files are of the kind that their key says, or refused by name."""

import pytest

from formats.kinds import (
    COUNT,
    MAPPING,
    NUMBER,
    TEXT,
    WHOLE,
    YES_NO,
    check_kinds,
    either,
    list_of,
    mapping_to,
)

NO_NUMBERS = [True, "1", None, [], {}, float("nan"), float("inf"), 10**400]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (TEXT, ["", "a"], [1, b"a", None, []]),
        (NUMBER, [0, -1, 2.5, 10**14], NO_NUMBERS),
        (WHOLE, [0, -1, 10**14], [*NO_NUMBERS, 1.0]),
        (COUNT, [0, 7], [*NO_NUMBERS, 1.0, -1]),
        (YES_NO, [True, False], [0, 1, "yes", None]),
        (MAPPING, [{}, {1: 2}], [[], "a", None]),
        (list_of(COUNT), [[], [1, 2], (3,)], [[-1], ["a"], "12", {1: 2}, 3]),
        (list_of(NUMBER, 2), [[1, 2.5]], [[], [1], [1, 2, 3]]),
        (mapping_to(list_of(COUNT)), [{}, {"a": [1]}], [{"a": 1}, {1: [1]}, [], "a"]),
        (either(TEXT, NUMBER), ["a", 1], [None, []]),
    ],
)
def test_kinds(kind, good, bad):
    assert all(kind.fits(value) for value in good)
    assert not any(kind.fits(value) for value in bad)


def test_the_key_is_named_and_absent_ones_are_passed_over():
    kinds = {"rate": NUMBER, "classes": list_of(TEXT)}
    check_kinds({}, kinds, never_empty=kinds)
    with pytest.raises(ValueError, match=r"split: rate has no value\."):
        check_kinds({"rate": None}, kinds, "split: ", never_empty=("rate",))
    check_kinds({"rate": 1, "classes": None, "other": []}, kinds)
    with pytest.raises(ValueError, match=r"reader: rate must be a number. Got 'fast'\."):
        check_kinds({"rate": "fast"}, kinds, "reader: ")
    with pytest.raises(ValueError, match="classes must be a list of values, each text") as caught:
        check_kinds({"classes": ["9" * 5000, 1]}, kinds)
    assert len(str(caught.value)) < 200
