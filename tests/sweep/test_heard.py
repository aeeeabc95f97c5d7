"""Is what points have in common dropped when the spikes that it holds are too many, and no figure with it?"""

from __future__ import annotations

import pytest

from lifsim.sweeps import evaluate
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.plan import plan
from lifsim.sweeps.request import options_document, read_request


def test_results_are_dropped_with_the_spikes_that_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"workload": ["lenet5_mnist"], "batch": [1, 2, 3], "sharing": ["none", "channel2"]}
    made = plan(read_request(None, options_document(options, ("array.sparsity=skip",), ())))
    keeps, drops = Evaluator(made.job), Evaluator(made.job)
    kept = [keeps.outcome(point).figures for point in made.points]
    monkeypatch.setattr(evaluate, "HEARD_BYTES", 0)
    shared = set()
    for point, wanted in zip(made.points, kept, strict=True):
        assert drops.outcome(point).figures == wanted is not None
        shared.add(id(drops._shared))
    assert len(shared) > 1
