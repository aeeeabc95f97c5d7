"""Can everything that `lifsim run` is told be told to `lifsim.run`, and `lifsim sweep`'s to `lifsim.sweep`?"""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest

import lifsim
from lifsim.cli.sweep_options import SpaceOptions
from lifsim.cli.whole_simulation import WholeSimulation
from lifsim.errors import InputError

IDEAL = ["dram.model=ideal"]


@pytest.mark.parametrize(
    ("family", "function", "beside"),
    [(WholeSimulation, lifsim.run, set()), (SpaceOptions, lifsim.sweep, {"file"})],  # a sweep file is a command line
)
def test_every_option_is_an_argument(family: type, function: object, beside: set[str]) -> None:
    options = {field.name for field in fields(family)} - beside
    assert options <= set(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_a_device_is_simulated() -> None:
    named = lifsim.run("sata128", "lenet5_mnist", dram="hbm2")
    assert named.arch.dram.simulated.name.startswith("HBM2")
    assert (
        named.totals == lifsim.run("sata128", "lenet5_mnist", overrides=["dram.model=cycle", "dram.device=hbm2"]).totals
    )
    slow = lifsim.run(workload="lenet5_mnist", dram="hbm2", overrides=["dram.device.organisation.channels=1"])
    assert slow.totals.dram_bytes == named.totals.dram_bytes


def test_an_optimizer_changes_weights() -> None:
    adam = lifsim.run(workload="lenet5_mnist", mode="training", batch=1, optimizer="adam", overrides=IDEAL)
    assert adam.arch.optimizer.name == "adam"
    assert adam.totals.dram_bytes.optimizer_state > 0  # type: ignore[attr-defined]


def test_what_a_sharing_does_not_fit_keeps_its_own() -> None:
    with pytest.raises(InputError):
        lifsim.run(workload="lenet5_mnist", sharing="channel4", overrides=IDEAL)
    for sharing in ("channel4", lifsim.Sharing(channels=4)):
        ran = lifsim.run(workload="lenet5_mnist", sharing=sharing, share_where_possible=True, overrides=IDEAL)
        assert str(ran.sharing) == "channel4-where-possible"
    with pytest.raises(InputError, match="'chanel4' must be none, layer"):
        lifsim.run(workload="lenet5_mnist", sharing="chanel4", share_where_possible=True)


def test_whole_numbers_of_numpy_are_numbers() -> None:
    """Such as `for batch in np.arange(1, 9)` gives."""
    options = {"batch": np.int64(4), "seed": np.uint8(3), "chunk": np.int32(2), "schedule": "timestep"}
    of_numpy = lifsim.run(workload="lenet5_mnist", overrides=IDEAL, **options)  # type: ignore[arg-type]
    plain = lifsim.run(workload="lenet5_mnist", overrides=IDEAL, batch=4, seed=3, chunk=2, schedule="timestep")
    assert (of_numpy.options, of_numpy.totals) == (plain.options, plain.totals)
    assert {type(of_numpy.options.tree()[name]) for name in ("batch", "seed", "chunk")} == {int}
    for value in (True, np.bool_(1), 2.0, np.float64(2)):
        with pytest.raises(InputError, match="must be a whole number"):
            lifsim.run(workload="lenet5_mnist", batch=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "rule"), [("dram", "must be a name, a path"), ("optimizer", "must be a name")])
def test_what_is_no_name_is_refused(name: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        lifsim.run(**{name: 5})  # type: ignore[arg-type]


def test_devices_of_a_sweep_are_set_or_an_axis() -> None:
    one = lifsim.sweep(workload="lenet5_mnist", dram="hbm2", jobs=1)
    assert one.rows[0]["cycles.total"] == lifsim.run(workload="lenet5_mnist", dram="hbm2").totals.cycles.total
    two = lifsim.sweep(workload="lenet5_mnist", dram=["hbm2", "ddr4_2400"], jobs=1)
    assert [row["dram.device"] for row in two.rows] == ["hbm2", "ddr4_2400"]
    assert two.rows[0]["cycles.total"] == one.rows[0]["cycles.total"]
    with pytest.raises(InputError, match="must stand without vary dram"):
        lifsim.sweep(dram="hbm2", vary={"dram.device": ["hbm2"]})
    with pytest.raises(InputError, match="5 must be a name or a path"):
        lifsim.sweep(dram=[5])  # type: ignore[list-item]
