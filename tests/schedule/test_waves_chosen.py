"""Schedules that choose waves: never worse than any that has a name, never below what must move, monotone, alike where
there is one timestep."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Begin, ScheduleOptions
from lifsim.schedule.window import FUSED, SKEWED, TIMESTEP, Window
from tests.schedule import build
from tests.schedule.named import BUFFERS, NETWORKS, SHARINGS, is_never_worse, never_rises, planned
from tests.schedule.networks import network, networks, relay_networks
from tests.schedule.on_arch import plan_on, trained_plan_on
from tests.schedule.test_timestep import archs
from tests.schedule.test_waves_moved import stack
from tests.schedule.wave_networks import wave_networks

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
WORDS = ["fused", "skewed", "auto"]
SEVERAL = st.integers(2, 4)
"""Timesteps."""


@pytest.mark.slow
@settings(QUIET, max_examples=20)
@given(NETWORKS, st.sampled_from(SHARINGS), archs(), st.integers(1, 3))
def test_auto_is_never_worse_and_never_below_what_must_move(
    network: Network, sharing: str, arch: Arch, batch: int
) -> None:
    assume(is_never_worse(network, sharing, arch, batch))


@pytest.mark.slow
@settings(QUIET, max_examples=25)
@given(NETWORKS, st.sampled_from(SHARINGS), archs(), st.sampled_from(BUFFERS), st.sampled_from(WORDS))
def test_more_buffer_never_means_more_bytes(network: Network, sharing: str, arch: Arch, name: str, word: str) -> None:
    never_rises(network, sharing, arch, (name, word))


@settings(QUIET, max_examples=40)
@given(st.one_of(relay_networks(st.just(1)), wave_networks(st.just(1))), st.sampled_from(SHARINGS), archs(), st.data())
def test_with_one_timestep_all_are_timestep_major(
    network: Network, sharing: str, arch: Arch, data: st.DataObject
) -> None:
    """Groups of several layers, whatever they are asked for; the named schedules with them."""
    first = data.draw(st.integers(0, len(network.layers) - 1))
    ways = []
    for window in (TIMESTEP, FUSED, SKEWED, Window(1, "fused")):
        begins = tuple(Begin(one, window if one == first else TIMESTEP) for one in sorted({0, first}))
        ways.append(planned(network, sharing, arch, ScheduleOptions("timestep", groups=begins)))
    assume(ways[0] is not None and len(network.layers) - first > 1)
    assert ways[1:] == ways[:1] * 3
    assert planned(network, sharing, arch, ScheduleOptions("skewed")) == planned(
        network, sharing, arch, ScheduleOptions("tick")
    )


@QUIET
@given(networks(st.just(1)), archs())
def test_with_one_timestep_fused_is_the_best_of_what_is_legal(network: Network, arch: Arch) -> None:
    fused, auto = (planned(network, "none", arch, ScheduleOptions(word)) for word in ("fused", "auto"))
    assume(fused is not None and auto is not None)
    assert fused.dram.total == auto.dram.total


def test_auto_fuses_what_hands_over_more_than_it_weighs() -> None:
    """VGG-9 on sata128: the spikes between its layers, 125 KiB; its weights come once as before."""
    net, arch = load_workload("vgg9_cifar10"), load_arch("sata128")
    tick, fused, auto = (plan_on(net, Sharing(), arch, ScheduleOptions(word)) for word in ("tick", "fused", "auto"))
    assert auto.dram.total == fused.dram.total < tick.dram.total
    assert fused.dram.weights == tick.dram.weights
    assert [group.last - group.first + 1 for group in fused.groups if group.waves] == [2, 6]
    assert all(group.waves is None or not group.waves.skewed for group in auto.groups)


def test_auto_skews_what_shares_membranes_for_which_there_is_no_room() -> None:
    """Two layers of 200 rows, of 4 bytes of state each: 800 bytes, of which 100 fit; T*(1 + 1) rows are 40."""
    net, arch = network(stack(2, 5, 200), (2, 1, 200), 5), build.arch(membrane=100)
    tick, skewed, auto = (
        plan_on(net, Sharing.parse("layer"), arch, ScheduleOptions(word)) for word in ("tick", "skewed", "auto")
    )
    assert auto.dram.total == skewed.dram.total < tick.dram.total
    assert skewed.groups[0].waves.skewed
    assert skewed.dram.membrane_read == 0 < tick.dram.membrane_read
    assert skewed.dram.total == 24 + 2 * 5 * 200  # weights and spikes once


def test_skewing_loses_where_weights_come_oftener_than_membranes_would_move() -> None:
    """No weight stays: once a wave instead of once a strip and timestep of far higher strips."""
    net, arch = network(stack(2, 5, 40), (2, 1, 40), 5), build.arch(cols=1, membrane=60, weight=1)
    tick, skewed, auto = (
        plan_on(net, Sharing.parse("layer"), arch, ScheduleOptions(word)) for word in ("tick", "skewed", "auto")
    )
    assert skewed.dram.membrane_read == 0
    assert auto.dram.total <= min(tick.dram.total, skewed.dram.total)


@pytest.mark.parametrize(
    ("sharing", "options", "words"),
    [
        ("none", ScheduleOptions("fused:9"), "fused:9 must be at most fused:4: the network has 4 timesteps"),
        ("layer", ScheduleOptions("tick", groups=(Begin(0, FUSED),)), "'conv0' to 'conv2' share membranes"),
        ("none", ScheduleOptions("tick", groups=(Begin(0, SKEWED), Begin(2))), "are not the layers of one state"),
    ],
)  # fmt: skip
def test_waves_that_cannot_be_are_refused(sharing: str, options: ScheduleOptions, words: str) -> None:
    net = network(stack(3, 4, 8), (2, 1, 8), 4)
    sharing = "layer-where-possible" if sharing == "layer" else sharing
    with pytest.raises(InputError, match=words):
        plan_on(net, Sharing.parse(sharing), build.arch(), options)


@pytest.mark.parametrize("word", ["fused", "skewed", "fused:2"])
def test_training_runs_in_no_waves(word: str) -> None:
    net = network(stack(2, 4, 8), (2, 1, 8), 4)
    with pytest.raises(InputError, match="must be tick, timestep or auto: training runs in no waves"):
        trained_plan_on(net, Sharing(), build.arch(), ScheduleOptions(word))
    auto = trained_plan_on(net, Sharing(), build.arch(spike_out=1000), ScheduleOptions("auto"))
    assert all(group.waves is None for group in auto.groups)


@settings(QUIET, max_examples=40)
@given(st.one_of(relay_networks(SEVERAL), wave_networks(SEVERAL)), st.sampled_from(SHARINGS), archs())
def test_fused_in_windows_of_one_timestep_is_timestep_major(network: Network, sharing: str, arch: Arch) -> None:
    """Layers in turn, too, where that moves fewer bytes than one by one."""
    plans = [planned(network, sharing, arch, ScheduleOptions(word)) for word in ("fused:1", "window:1", "timestep")]
    fused, *named = plans
    assume(fused is not None)
    assert {(group.window, group.waves) for group in fused.groups} == {(TIMESTEP, None)}
    assert all(fused.dram.total <= plan.dram.total for plan in named if plan is not None)
