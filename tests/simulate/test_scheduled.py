"""Does a layer say how it is scheduled?"""

from __future__ import annotations

from lifsim.accounting import Setup
from lifsim.accounting.machine import Machine
from lifsim.accounting.own.scheduled import scheduled_layers
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.hardware.lif_unit import lif_bank
from lifsim.memo import Memo
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from lifsim.units import counted
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import plan_on


def test_layers_of_a_strip_say_its_rows_and_those_around_it_do_not() -> None:
    """Three convolutions share a state that is worked on in strips; what comes before and after does not."""
    names = ("before", "conv0", "conv1", "conv2")
    ops = [op for name in names for op in (
        {"name": name, "op": "conv", "out": 4, "kernel": 3, "padding": 1},
        {"name": f"{name}_lif", "op": "lif", "group": "alone" if name == "before" else "shared"},
    )]  # fmt: skip
    net, sharing = network([*ops, {"name": "fc", "op": "linear", "out": 2}], (4, 16, 4), 5), Sharing.parse("layer")
    arch = build.arch(membrane=100)
    plan = plan_on(net, sharing, arch, ScheduleOptions("timestep"))
    (group,) = plan.groups
    (strip,) = group.strips
    assert (strip.first, strip.last) == (1, 3)
    setup = Setup(
        net,
        channels_by_layer(net, states_of(net, sharing)),
        Machine.of(arch),
        lif_bank(arch.lif, arch.array.pes, 1),
        1,
        (),
        Memo(),
    )
    said = [layer.description.split(", ") for layer in scheduled_layers(setup, plan.facts, group)]
    assert [each[:2] for each in said] == [["before to fc timestep by timestep", "1 image at a time"]] * 5
    strips = [[part for part in each if part.startswith("strips")] for each in said]
    assert strips == [[], *[[f"strips of {counted(strip.rows, 'row')}"]] * 3, []]
    filters = [[part for part in each if part.endswith("filters")] for each in said]
    assert filters == [*[["1 x 4 filters"]] * 4, ["1 x 2 filters"]]  # as many as PEs side by side, 4
