"""Settings without effect are warned of."""

import pytest

from engine.settings.checks import validate
from engine.settings.flags import make_parser


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
        validate(make_parser().parse_args(["--work-dir", str(tmp_path), *argv]))
        return caplog.text

    assert f"{flag} has no effect without --half." in warnings_of(flag, value)
    assert not warnings_of(flag, value, "--half")
    assert not warnings_of(*([flag, default] if default else []))
