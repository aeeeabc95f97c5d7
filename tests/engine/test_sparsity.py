"""Are the zeros of a training step those that looking at every gradient finds?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.engine.initial import random_weights
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.sparsity import gradient_sparsity
from lifsim.engine.training.surrogate import Surrogate
from lifsim.model.sharing import Sharing
from tests.workload import building

LAYERS = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 3}
"""


def _step(surrogate: Surrogate, sharing: str = "none", keeping: str = "stored"):
    network = building.network(LAYERS, shape="[2, 6, 6]", timesteps=3)
    rng = np.random.default_rng(0)
    images = rng.random((4, 2, 6, 6), dtype=np.float32)
    learner = Learner(network, Sharing.parse(sharing), surrogate, keeping)
    return network, gradient_sparsity(learner, random_weights(network, 1), images, np.array([0, 1, 2, 0]))


@pytest.mark.parametrize("sharing", ["none", "channel2", "layer"])
def test_slopes_that_never_vanish_leave_no_zeros(sharing: str) -> None:
    network, found = _step(Surrogate.named("atan"), sharing)
    assert found.firing_share == 0
    assert {name: zeros.values for name, zeros in found.firing.items()} == {
        lif.name: 3 * 4 * lif.output.elements for lif in network.lifs
    }
    assert set(found.membrane) == {"conv2", "fc"}
    assert found.membrane["conv2"].values == 3 * 4 * network.node("conv2").output.elements


def test_a_narrow_window_has_zeros_and_a_gradient_is_zero_where_no_later_slope_is_not() -> None:
    _, narrow = _step(Surrogate("triangle", 4.0))
    _, wide = _step(Surrogate("triangle", 0.5))
    assert narrow.firing_share > wide.firing_share
    assert narrow.membrane["conv2"].share > 0
    assert narrow.membrane["conv2"].share < narrow.firing["lif2"].share  # a later timestep's gradient comes through
    assert narrow.membrane["fc"].zeros == 0


def test_recomputed_membranes_cannot_be_looked_at() -> None:
    with pytest.raises(Exception, match="must be stored"):
        _step(Surrogate(), keeping="reversed")


def test_the_command_prints_a_section_that_a_run_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradients", "--workload", "digits_cnn", "--surrogate", "triangle", "--batch", "8"]) == 0
    section = yaml.safe_load(capsys.readouterr().out)["training"]
    assert section["measured"] is False  # untrained weights are nobody's, nor are their zeros
    assert 0 < section["firing_gradient_sparsity"] < 1
    assert "digits_cnn" in section["provenance"]
    assert main(["gradients", "--workload", "digits_cnn", "--weights", "absent.npz"]) == 2


def test_a_network_without_data_is_measured_on_random_images(capsys: pytest.CaptureFixture[str]) -> None:
    """The command of its own section, that finds what the section says; only what a max pool leaves out is zero."""
    asked = ["--data", "random", "--weights", "calibrated", "--batch", "2"]
    assert main(["gradients", "--workload", "lenet5_mnist", *asked]) == 0
    section = yaml.safe_load(capsys.readouterr().out)["training"]
    stated = load_workload("lenet5_mnist").gradients
    assert section["membrane_gradient_sparsity"] == pytest.approx(stated.membrane_sparsity, abs=0.01)
    assert section["firing_gradient_sparsity"] == stated.firing_sparsity == 0
    assert stated.measured


def test_behind_a_norm_no_gradient_is_zero() -> None:
    """Whatever stands behind it: a max pool, too."""
    layers = LAYERS.replace("padding: 1}", "padding: 1, batch_norm: true}")
    layers = layers.replace("- {name: fc", "- {name: pool, op: max_pool, kernel: 2}\n- {name: fc")
    network = building.network(layers, shape="[2, 6, 6]", timesteps=3)
    images = np.random.default_rng(0).random((4, 2, 6, 6), dtype=np.float32)
    learner = Learner(network, Sharing(), Surrogate.named("atan"))
    found = gradient_sparsity(learner, random_weights(network, 1), images, np.array([0, 1, 2, 0]))
    assert (found.membrane_share, found.firing_share) == (0, 0)
    bare = building.network(layers.replace(", batch_norm: true", ""), shape="[2, 6, 6]", timesteps=3)
    without = gradient_sparsity(replace(learner, network=bare), random_weights(bare, 1), images, np.array([0, 1, 2, 0]))
    assert without.membrane["conv2"].share > 0
