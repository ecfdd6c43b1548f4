"""MATLAB's arrays."""

import io

import numpy as np
import pytest
from scipy.io import savemat

from data_gen.readers.matlab import arrays_of


@pytest.mark.parametrize("compressed", [True, False])
def test_every_kind_of_number_of_matlab_is_read_and_others_are_passed_over(compressed):
    arrays = {
        name: (np.arange(6).reshape(1, 2, 3) * 7 % 100).astype(name)
        for name in ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
    }
    others = {"text": "abc", "cell": np.array([1, "a"], object), "struct": {"a": 1}}
    others |= {"complex": np.ones((2, 2), complex), "small": np.ones((1, 1))}
    buffer = io.BytesIO()
    savemat(buffer, arrays | others, do_compression=compressed)
    found = arrays_of(buffer.getvalue())
    assert set(found) == {*arrays, "small"}
    for name, array in arrays.items():
        assert np.array_equal(found[name], array) and found[name].dtype == array.dtype
