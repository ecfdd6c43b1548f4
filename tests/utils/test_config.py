"""Classes that settings name, and their arguments."""

import pytest

from utils import config


def test_arguments_of_a_class_are_checked():
    with pytest.raises(ValueError, match=r"Model knows no \['widht'\]. It takes num_class"):
        config.build("model.msg3d.Model", num_class=1, widht=2)
    with pytest.raises(ValueError, match=r"Model: missing a required argument: 'num_point'"):
        config.build("model.msg3d.Model", num_class=1)
