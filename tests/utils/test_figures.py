"""Names are drawn as they are written."""

import logging
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from engine.tasks.pictures import heat_map
from utils import figures
from utils.figures import names_as_written

NO_FONT = "\U0001f9ff"  # an emoji that DejaVu Sans lacks


def drawn(title: str) -> np.ndarray:
    figure = Figure((3, 1))
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(title)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


@pytest.mark.parametrize("name", [r"a$\frac$", "$x^2$", "5 $ or 6 $", r"\$"])
def test_dollars_are_dollars(name):
    with names_as_written():
        found = drawn(name)
    if name != r"\$":  # which means a dollar where formulas are read
        np.testing.assert_array_equal(found, drawn(name.replace("$", r"\$")))
    assert heat_map(np.eye(2), "predicted", "true", [name, "wave"]).ndim == 3


def test_a_pair_of_dollars_breaks_a_picture_without_it():
    with pytest.raises(ValueError, match="frac"):
        drawn(r"a$\frac$")


def test_characters_without_a_font_are_said_once(monkeypatch, caplog):
    monkeypatch.setattr(figures, "_families", lambda: [figures.FIRST])
    figures._warn_of_boxes.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            heat_map(np.eye(2), "predicted", "true", [NO_FONT, "wave"])
    assert caplog.text.count("drawn as boxes") == 1
    caplog.clear()
    figures._warn_of_boxes.cache_clear()
    with names_as_written(by_browser=True):
        drawn(NO_FONT)
    assert not caplog.records


def test_other_warnings_pass():
    with pytest.warns(UserWarning, match="mine"), names_as_written():
        warnings.warn("mine", stacklevel=1)


def test_fonts_of_other_scripts_come_after_the_first():
    assert figures._families()[0] == figures.FIRST
    assert set(figures._families()[1:]) <= set(figures.OTHERS)
