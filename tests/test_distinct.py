"""Are the distinct values of an array those of `np.unique`?"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lifsim.distinct import distinct

NUMBERS = st.sampled_from([np.int64, np.uint8, np.float64]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9), elements=st.integers(0, 12))
)


@given(NUMBERS)
def test_they_are_those_of_numpy(values: np.ndarray) -> None:
    before, found = values.copy(), distinct(values)
    expected = np.unique(values)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()
    assert (values == before).all()


def test_nothing_of_masked_arrays_is_imported() -> None:
    code = (
        "import sys, numpy; from lifsim.distinct import distinct\n"
        "print(distinct(numpy.array([3, 1, 3])), 'numpy.ma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[1 3] False\n"
