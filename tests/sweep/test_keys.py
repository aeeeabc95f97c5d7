"""Is a point's key, whose text is put together of parts, the hash of all inputs?"""

from __future__ import annotations

from lifsim.simulate.resolved import MODEL_VERSION, resolved_inputs, sha256_of, sha256_of_texts, text_of
from lifsim.sweeps.evaluate import Evaluator, Settings
from lifsim.sweeps.plan import plan
from lifsim.sweeps.request import options_document, read_request


def test_a_key_is_the_hash_of_the_resolved_inputs() -> None:
    options = {"workload": ["lenet5_mnist", "vgg9_cifar10"], "sharing": ["none", "channel2"], "batch": [1, 2]}
    made = plan(read_request(None, options_document(options, (), ("array.rows=8,16", "spikes.rates.conv2=0.1,0.2"))))
    evaluator, keys = Evaluator(made.job), set[str]()
    for point in made.points:
        inputs = evaluator.inputs(Settings.of(made.job.space.at(point)))
        resolved = resolved_inputs(inputs.arch, inputs.network, inputs.sharing, inputs.options)
        outcome = evaluator.outcome(point)
        assert outcome.key == sha256_of({**resolved, "trace": None, "model_version": MODEL_VERSION})
        keys.add(outcome.key)
    assert len(keys) == len(made.points) == 32


def test_a_mapping_is_hashed_by_the_texts_of_its_values() -> None:
    tree = {"b": [1, 2.5, None], "a": {"z": "ä", "y": True}, "C": 1e-300, "": "x"}
    for keys in (tree, reversed(tree)):
        assert sha256_of_texts({key: text_of(tree[key]) for key in keys}) == sha256_of(tree)
