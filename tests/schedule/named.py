"""What must hold between `--schedule auto`, the schedules that have a name, and buffers, whatever the network."""

from __future__ import annotations

from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.graph.tensors import edges_of
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.begins import begins_of, group_words
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tensors.storage import Reals, tensor_bytes
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import plan_on
from tests.schedule.wave_networks import wave_networks

SHARINGS = ["none", "layer-where-possible", "channel2-where-possible", "layer+channel2-where-possible"]
BUFFERS = ["weight", "spike_in", "spike_out", "membrane", "psum"]
NETWORKS = st.one_of(networks(), relay_networks(), wave_networks(st.integers(1, 4)))


def named(timesteps: int) -> list[str]:
    """Every schedule but auto."""
    sizes = range(2, timesteps + 1)
    windows = [f"{kind}:{size}" for kind in ("window", "fused", "skewed") for size in sizes]
    return ["tick", "timestep", "fused", "skewed", *windows]


def planned(network: Network, sharing: str, arch: Arch, options: ScheduleOptions) -> Plan | None:
    """None where it is refused."""
    try:
        return plan_on(network, Sharing.parse(sharing), arch, options)
    except InputError:
        return None


def is_never_worse(network: Network, sharing: str, arch: Arch, batch: int) -> bool:
    """False where auto is refused. Of every named schedule it moves no more, never less than what must move, and the
    plan's own words are the same plan."""
    auto = planned(network, sharing, arch, ScheduleOptions("auto", batch))
    if auto is None:
        return False
    reals = Reals.of(network, arch.precision.psum_bits)
    weights = sum(layer.weight_bytes for layer in auto.facts.layers)
    outputs = [one.tensor for one in edges_of(network).values() if one.producer is not None
               and not (one.inputs or one.operands or one.residuals)]  # fmt: skip
    must = weights + batch * sum(tensor_bytes(tensor, reals) for tensor in outputs)
    for word in named(network.timesteps):
        plan = planned(network, sharing, arch, ScheduleOptions(word, batch))
        assert plan is None or must <= auto.dram.total <= plan.dram.total, (word, plan, auto)
        if plan is not None and not any(group.why for group in plan.groups):
            again = ScheduleOptions("tick", batch, None, begins_of(network, group_words(network, plan)))
            assert plan_on(network, Sharing.parse(sharing), arch, again).groups == plan.groups
    return True


def never_rises(network: Network, sharing: str, arch: Arch, asked: tuple[str, str]) -> None:
    """asked: a buffer, which grows, and a schedule, which does not move more bytes then."""
    name, word = asked
    before: int | None = None
    for size in sorted({getattr(arch.buffers, name).size_bytes, 10, 60, 300}):
        buffer = getattr(arch.buffers, name).model_copy(update={"size_bytes": size})
        machine = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={name: buffer})})
        plan = planned(network, sharing, machine, ScheduleOptions(word))
        if plan is not None:
            assert before is None or plan.dram.total <= before, (word, name, size, before, plan)
            before = plan.dram.total


def are_alike(network: Network, sharing: str, arch: Arch) -> None:
    """Of one timestep the skewed strips of all layers are the smallest groups, and nothing beats the fused ones where
    no layers share a state."""
    skewed, tick, fused, auto = (
        planned(network, sharing, arch, ScheduleOptions(word)) for word in ("skewed", "tick", "fused", "auto")
    )
    assert skewed == tick
    if fused is not None and auto is not None and not any(len(state.layers) > 1 for state in auto.facts.states):
        assert fused.dram.total == auto.dram.total, (fused, auto)
