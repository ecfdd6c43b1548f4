"""Text of strangers is printed in one line, and put into files and pages, as it is."""

import pytest
import yaml

from utils.text import as_script, as_unicode, as_yaml, filled_page, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n\tb \r\n c", "a b c"),
        ("\x1b[2Jgone\x07", r"\x1b[2Jgone\x07"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\udc80", r"\udc80"),
        ("\u0107wiczenie \u4f53\u64cd", "\u0107wiczenie \u4f53\u64cd"),
        (ValueError("bad\nvalue"), "bad value"),
        (KeyError(), "KeyError"),
        (12, "12"),
    ],
)
def test_one_printable_line(text, line):
    assert one_line(text) == line
    assert one_line(text).isprintable()


@pytest.mark.parametrize("longest", [20, 21, 80, 1000])
def test_beginning_and_end_of_a_long_text_stay(longest):
    text = "begin" + "9" * 5000 + "end"
    line = one_line(text, longest)
    assert len(line) == longest and line.startswith("begin") and line.endswith("end")
    assert one_line(text[:longest], longest) == text[:longest]


@pytest.mark.parametrize("text", ["a", "12", "null", "yes", "a: b #c", "- x", "it's", "[a"])
def test_yaml_keeps_text_as_it_is(text):
    assert yaml.safe_load(f"name: {as_yaml(text)}") == {"name": text}


def test_yaml_of_plain_text_has_no_quotes():
    assert as_yaml("raw/*.npz") == "raw/*.npz"


def test_a_name_in_a_page_is_no_place_for_another_part():
    page = filled_page("<i>{{title}}</i>{{data}}", {"title": "{{data}}", "data": "[1]"})
    assert page == "<i>{{data}}</i>[1]"


def test_a_name_cannot_end_a_script():
    assert as_script({"name": "</script>"}) == r'{"name":"\u003c/script>"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_script({"loss": float("nan")})


def test_bytes_of_a_name_that_are_not_utf8_become_escapes():
    assert as_unicode(b"\xbb\xd3.npz".decode("utf-8", "surrogateescape")) == r"\udcbb\udcd3.npz"
    assert as_unicode("\u6325\u624b.npz") == "\u6325\u624b.npz"
