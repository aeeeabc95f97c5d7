"""Do overrides and resolved configurations reach what they are for, and are their faults told together?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import lifsim
from lifsim import room
from lifsim.accounting.books import BooksError
from lifsim.errors import Fault, InputError
from lifsim.hardware.array import SPARSITIES
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.sharing import Sharing
from lifsim.simulate.inputs import load_config, load_inputs, split_overrides
from lifsim.simulate.options import Options
from lifsim.simulate.resolved import resolved_inputs
from lifsim.simulate.spikes import Spikes, read_spikes
from lifsim.units import format_si
from tests.trace.networks import small_network


def test_overrides_go_where_their_first_key_is_known() -> None:
    faults: list[Fault] = []
    given = ["array.rows=4", " memory.model=ideal", "components[0].count=2", "timesteps=3", "input.shape=[1]"]
    for_arch, for_workload = split_overrides([*given, "arry.rows=4", "a.memory.b=1"], faults)
    assert for_arch == ["array.rows=4", "dram.model=ideal", "components[0].count=2"]
    assert for_workload == ["timesteps=3", "input.shape=[1]"]
    assert [fault.source for fault in faults] == ["--set arry.rows=4", "--set a.memory.b=1"]
    assert "'arry' must be a key of the architecture or the workload; did you mean 'array'" in str(faults[0])


def test_a_key_without_the_mapping_around_it_is_answered_with_its_full_name() -> None:
    faults: list[Fault] = []
    assert split_overrides(["dataflow=ws"], faults) == ([], [])
    assert str(faults[0]).endswith("'dataflow' must be a key of the architecture or the workload; "
                                   "did you mean array.dataflow?")  # fmt: skip


def test_a_resolved_configuration_gives_the_inputs_back(tmp_path: Path) -> None:
    options = {"schedule": "auto", "seed": 5, "batch": 2, "chunk": "auto"}
    inputs = load_inputs("sata128", "resnet19_cifar10", "channel2", options, ["array.rows=8", "timesteps=3"])
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(resolved_inputs(inputs.arch, inputs.network, inputs.sharing, inputs.options)))
    again = load_config(path)
    assert again == inputs
    assert (again.arch.array.rows, again.network.timesteps, str(again.sharing)) == (8, 3, "channel2")
    assert again.options == Options(schedule="auto", seed=5, batch=2)
    changed = load_config(path, ["array.rows=4", "timesteps=2"])
    assert (changed.arch.array.rows, changed.network.timesteps) == (4, 2)


def test_every_fault_of_a_configuration_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("arch: {}\nsharng: none\noptions: {}\n")
    with pytest.raises(InputError) as error:
        load_config(path)
    told = {fault.path: fault.message for fault in error.value.faults}
    assert "'sharng' must be a known key; did you mean 'sharing'" in told.pop("sharng")
    # Keys of the file that are missing, and those of the empty architecture.
    assert {"workload", "sharing", "name", "clock_hz", "array", "buffers", "dram"} <= set(told)
    assert all("must be given" in message for message in told.values())
    path.write_text("- 1\n")
    with pytest.raises(InputError, match="must be a mapping of arch, workload, sharing and options"):
        load_config(path)


def test_whose_spikes_they_are_is_said() -> None:
    own = lifsim.run(workload="lenet5_mnist", sharing="channel2", spikes="engine")
    assert own.notes[0] == (
        "spikes are the network's own under sharing channel2, with calibrated weights, which fire at the workload's "
        "rates"
    )
    assert own.notes[1].startswith("chains of channel2: ")
    assert own.notes[2].startswith("idle LIF units toggle: ")
    assert all("buffer holds nothing" in note for note in own.notes[3:])


def test_whether_rates_were_measured_is_said() -> None:
    names = "lenet5_mnist", "har_sdcl_ucihar"
    lenet, har = (lifsim.run(workload=name, overrides=("dram.model=ideal",)).notes[0] for name in names)
    assert lenet.startswith(
        "spikes are random at measured rates: Measured with benchmarks/measure_rates.py on the trace"
    )
    assert har.startswith("spikes are random at assumed, not measured rates: Assumed, not measured on this network")


@pytest.mark.parametrize(("stored", "asked", "read"), [(3, None, 3), (3, 3, 3), (3, 2, 2), (1, 1, 1), (1, 4, 4)])
def test_images_of_a_trace_are_read_as_asked(stored: int, asked: int | None, read: int, tmp_path: Path) -> None:
    """All of them, the first of them, or its only one again and again."""
    assert spikes_of(stored, asked, tmp_path).batch == read


def test_more_images_than_a_trace_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch: 4 must be at most the 3 images of"):
        spikes_of(3, 4, tmp_path)


def spikes_of(stored: int, asked: int | None, folder: Path) -> Spikes:
    """Those of a trace of `stored` images."""
    net = small_network()
    shapes = {"conv1": (1, stored, 2, 5, 7), "conv2": (3, stored, 4, 5, 7), "fc": (3, stored, 105)}
    np.savez(folder / "t.npz", **{name: np.ones(shape, np.bool_) for name, shape in shapes.items()})
    return read_spikes(net, Sharing(), Options(trace=folder / "t.npz", batch=asked), SPARSITIES["none"])


def test_work_and_steps_that_this_machine_cannot_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory_bytes", lambda: 2_000_000)
    with pytest.raises(InputError, match="batch: the work of 65,536 images"):
        lifsim.run(workload="lenet5_mnist", batch=1 << 16, overrides=["dram.model=ideal"])
    with pytest.raises(InputError, match=r"batch: .* tiles of 64 images"):
        lifsim.run(workload="lenet5_mnist", batch=64, schedule="fused:2", overrides=["buffers.spike_in.size_bytes=64"])


def test_a_run_says_its_energy_in_joules() -> None:
    found = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])
    assert found.brief.figures["energy"].startswith(format_si(found.totals.energy_pj.total.total * 1e-12, "J"))


def test_a_layer_cannot_wait_longer_for_ports_than_it_waits() -> None:
    counts = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"]).records[0].counts
    with pytest.raises(BooksError, match="more waits for ports than waits"):
        replace(counts, port_stalls=PortStalls(weight=1))
