"""Are spikes that nobody fires counted?"""

from __future__ import annotations

import numpy as np

from lifsim.engine.evaluate import evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.weights import weight_shapes
from lifsim.model.sharing import Sharing
from tests.engine.build import Builder


def test_a_network_without_weights_is_silent() -> None:
    """All outputs are the same, and the first class is taken."""
    network = Builder((1, 2, 2), 2).conv("conv", 2, batch_norm=False).lif("lif").linear("fc", 3, bias=False).network()
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(network).items()}
    found = evaluate(Engine(network, Sharing(), weights), np.ones((4, 1, 2, 2), np.float32), np.array([0, 1, 0, 2]))
    assert (found.accuracy, found.spike_rate, found.active_share) == (0.5, 0.0, 0.0)
    assert (found.rates, found.active) == ({"lif": 0.0}, {"lif": 0.0})
