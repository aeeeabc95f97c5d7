"""Whatever is put in the place of a value: is it a network, or refused with the rule and the place?"""

from __future__ import annotations

import copy
import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workload.building import faults_of

GOOD = {
    "name": "good",
    "timesteps": 4,
    "input": {"shape": [2, 8, 8], "encoding": "direct", "bits": 8},
    "neuron": {"tau": 1.5, "reset": "hard", "u_reset": 0.0},
    "layers": [
        {"name": "conv1", "op": "conv", "out": 4, "kernel": 3, "padding": "same", "batch_norm": True},
        {"name": "lif1", "op": "lif", "group": "a", "neuron": {"threshold": 0.5}},
        {"name": "conv2", "op": "conv", "depthwise": True, "kernel": [1, 3], "padding": [0, 1], "stride": 1},
        {"name": "sum", "op": "add", "inputs": ["conv2", "lif1"]},
        {"name": "lif2", "op": "lif"},
        {"name": "pool", "op": "avg_pool", "output": [2, 2]},
        {"name": "mean", "op": "time_mean"},
        {"name": "fc", "op": "linear", "out": 3, "input": "mean"},
    ],
    "spikes": {"source": "rates", "rates": {"conv2": [0.1, 0.2, 0.3, 0.4], "fc": 0.5}, "provenance": "made up"},
}
JUNK = [None, True, -1, 0, 1, 2, 7, 1.5, 1e308, 10**30, "x", "", "same", "input", "conv1", "sum", [], {}, [1], [[1]]]
JUNK += [[1, 2], {"a": 1}, [None], {"op": "conv"}, ["conv1", "conv1"]]


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, entry in entries for found in ((*path, key), *places(entry, (*path, key)))]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(GOOD)), st.sampled_from(JUNK)), min_size=1, max_size=3))
def test_junk_in_any_place_is_a_network_or_refused_by_name(changes):
    data = copy.deepcopy(GOOD)
    for path, junk in changes:
        with suppress(KeyError, IndexError, TypeError):  # an earlier change took the place away
            target = data
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = copy.deepcopy(junk)
    for fault in faults_of(json.dumps(data)):
        assert fault.startswith("test.yaml:1:")
        assert "must" in fault or "is not a known key" in fault
