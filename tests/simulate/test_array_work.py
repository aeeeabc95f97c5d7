"""Do the LIF units see the map of their layer, group by group?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifsim.accounting.own.array_work import array_work, lif_map
from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayShape, Gemm, Kept, Laid
from tests.schedule.build import conv_layer


def test_a_grouped_map_has_the_filters_of_a_group() -> None:
    assert lif_map(conv_layer((4, 6, 9), 6, groups=2)) == (6 * 9, 3, 2)
    assert lif_map(conv_layer((4, 6, 9), 6)) == (6 * 9, 6, 1)


def test_a_map_that_its_layers_groups_do_not_divide_is_one() -> None:
    layer = conv_layer((4, 6, 9), 6, groups=2)
    assert layer.lif is not None
    spikes = replace(layer.lif.output, shape=(3, 2, 5))
    assert lif_map(replace(layer, lif=replace(layer.lif, output=spikes))) == (10, 3, 1)
    with pytest.raises(ValueError, match="conv must have a LIF"):
        lif_map(replace(layer, lif=None))


@pytest.mark.parametrize("tick_batched", [True, False])
def test_accesses_of_all_rounds_are_those_of_the_array(tick_batched: bool) -> None:
    """Two images of three rounds on 2 x 2 PEs: output stationary, each of 2 x 2 tiles reads the 5 inputs of its 2
    pixels and the 5 weights of its 2 filters, and puts out 2 x 2 sums."""
    laid = Laid(Gemm(4, 5, 4), ArrayShape(2, 2), DATAFLOWS["os"], tick_batched)
    work = array_work(laid, SPARSITIES["none"], Kept(np.ones((2, 3, 1, 4), np.int32)), None)
    for accesses in work.accesses:
        assert (accesses.inputs, accesses.weights, accesses.outputs) == (2 * 4 * 10, 2 * 4 * 10, 2 * 4 * 4)
        assert (accesses.psum_reads, accesses.psum_writes) == (0, 0)
    assert work.all_accesses.inputs == 3 * 2 * 4 * 10
