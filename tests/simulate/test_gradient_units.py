"""Do the gradient units of a layer take the cycles, and access the registers and buffers, that their work asks for?"""

from __future__ import annotations

import dataclasses

import pytest

from lifsim.config.arch import load_arch
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from tests.simulate.test_norms import ENDLESS, IDEAL, LAYERS
from tests.workload import building

T, BATCH, NEURONS = 3, 2, 4 * 6 * 6


def trained(encoding: str, **options: str) -> Result:
    net = building.network(LAYERS, encoding=encoding, timesteps=T, shape="[2, 6, 6]")
    spikes = dataclasses.replace(net.spikes, source="rates", rates={layer.name: (0.3,) for layer in net.layers})
    arch = load_arch("sata_training", (*ENDLESS, IDEAL))
    chosen = Options(mode="training", batch=BATCH, **options)
    return run(arch, dataclasses.replace(net, spikes=spikes), Sharing(), chosen)


@pytest.mark.parametrize("bptt", ["stored", "reversed"])
def test_what_is_carried_between_timesteps_is_in_registers_or_in_the_buffer(bptt: str) -> None:
    """Gradients of membranes; beside them, where calls are undone, the membranes: each is written at every timestep and
    read at all but the first, forward by the LIF units as well."""
    tick, timestep = (trained("rate", schedule=name, bptt=bptt).records[0] for name in ("tick", "timestep"))
    carried = 1 if bptt == "stored" else 2
    reads, writes = BATCH * NEURONS * (T - 1), BATCH * NEURONS * T
    registers = tick.counts.registers
    assert (registers.reads, registers.writes) == ((1 + carried) * reads, (1 + carried) * writes)
    assert (timestep.counts.registers.reads, timestep.counts.registers.writes) == (0, 0)
    in_ticks, in_timesteps = (
        sum(stage.sram_accesses.membrane.writes for name, stage in one.stages.items() if name != "forward")
        for one in (tick, timestep)
    )
    assert (in_ticks, in_timesteps) == (0, carried * writes)


def test_the_statistics_of_a_norm_take_a_pass_of_calls_or_one_over_the_sums() -> None:
    """An image that is seen once has its sums once, and its calls at every timestep."""
    conv1, conv2 = (record.stages for record in trained("direct").records[:2])
    assert conv1["gradient_sums"].cycles.lif == T * conv1["backward"].cycles.lif > 0
    assert conv2["gradient_sums"].cycles.lif == conv2["backward"].cycles.lif == conv1["gradient_sums"].cycles.lif
