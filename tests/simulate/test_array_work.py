"""Do the LIF units see the map of their layer, group by group?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifsim.accounting.own.array_work import lif_map
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
