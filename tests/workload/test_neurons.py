"""Are neurons what the workload says, and is every fault of theirs told where it stands?"""

from __future__ import annotations

import math
from typing import Any

import pytest

from lifsim.config.document import parse_document
from lifsim.config.overrides import override
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.sharing import Sharing
from lifsim.neurons import NEURONS
from lifsim.neurons.cuba_lif import CubaLifNeuron
from lifsim.neurons.integrate_fire import IfNeuron
from lifsim.neurons.lif import LifNeuron
from lifsim.neurons.parameters import Choice, Flag, Real, parameters_of

HEAD = "name: net\ntimesteps: 2\ninput: {shape: [3, 8, 8]}\n"
LAYERS = """layers:
  - {name: conv1, op: conv, out: 4, kernel: 1}
  - {name: lif1, op: lif%s}
  - {name: conv2, op: conv, out: 4, kernel: 1}
  - {name: lif2, op: lif}
  - {name: fc, op: linear, out: 4}
"""


def network(neuron: str | None = None, own: str | None = None, *settings: str) -> Any:
    text = HEAD + (f"neuron: {neuron}\n" if neuron else "") + LAYERS % (f", neuron: {own}" if own else "")
    return network_of(override(parse_document(text, "net.yaml"), settings))


def neurons(*said: str | None) -> list[Any]:
    return [lif.neuron for lif in network(*said).lifs]


def faults(*said: str | None) -> list[str]:
    with pytest.raises(InputError) as error:
        network(*said)
    return [str(fault) for fault in error.value.faults]


def test_the_usual_neuron_is_efficientlifnets() -> None:
    assert neurons() == [LifNeuron(4 / 3, 1.0, "soft", 0.0, True)] * 2


def test_a_layer_changes_what_the_network_has() -> None:
    assert neurons("{tau: 2.0, reset: hard}", "{tau: 3}") == [
        LifNeuron(3.0, reset="hard"),
        LifNeuron(2.0, reset="hard"),
    ]
    assert neurons("{model: cuba_lif, tau_mem: 4}", "{threshold: 0.5}") == [
        CubaLifNeuron(tau_mem=4.0, threshold=0.5),
        CubaLifNeuron(tau_mem=4.0),
    ]


def test_a_layer_of_another_model_starts_from_its_defaults() -> None:
    assert neurons("{tau: 2.0, threshold: 0.5}", "{model: if, reset: hard}") == [
        IfNeuron(reset="hard"),
        LifNeuron(2.0, threshold=0.5),
    ]
    assert neurons("{model: lif, tau: 2.0}", "{model: lif, threshold: 0.5}")[0] == LifNeuron(2.0, threshold=0.5)


def test_a_neuron_without_leak_can_be_said() -> None:
    assert neurons("{tau: .inf, decay_input: false}")[0].tau == math.inf
    assert neurons("{tau: 1e12, decay_input: false}")[0].tau == 1e12
    assert neurons("{model: if}") == [IfNeuron()] * 2
    told = faults("{tau: .inf}")
    assert told[0] == "net.yaml:4:10 neuron.tau: inf must go with decay_input: false, or the input is divided by it"


def test_settings_reach_the_neuron() -> None:
    assert network(None, None, "neuron.model=cuba_lif", "neuron.tau_syn=3").lifs[0].neuron == CubaLifNeuron(tau_syn=3.0)
    assert network(None, None, "layers.lif1.neuron.model=if").lifs[0].neuron == IfNeuron()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (("{model: cuba}",), "net.yaml:4:10 neuron.model: 'cuba' must be one of cuba_lif, if, lif; did you mean"),
        (("{model: 3}",), "neuron.model: 3 must be one of cuba_lif, if, lif"),
        (("{modle: if}",), "neuron.modle: is not a known key; did you mean 'model'?"),
        (("{model: if, tau: 2}",), "neuron.tau: is not a known key; valid: model, threshold"),
        (("{tau: true}",), "neuron.tau: true must be a number"),
        (("{tau: .nan}",), "neuron.tau: nan must be finite"),
        (("{threshold: .inf}",), "neuron.threshold: inf must be finite"),
        (("{threshold: 2e6}",), "neuron.threshold: 2000000.0 must be <= 1e+06"),
        ((f"{{tau: 1{'0' * 400}}}",), "must have fewer digits"),
        ((f"{{tau: 0x{'f' * 256}}}",), "must be a number of sensible size"),
        (("{1: 2, tau: 0}",), "neuron.tau: 0 must be > 1"),
        (("{1: 2, tau: 0}",), "neuron.1: is not a known key; valid: model, tau"),
        (("{tau: {a: 1}}",), "neuron.tau: a mapping must be a number"),
        (("{model: [if]}",), "neuron.model: a list must be one of"),
        (("{reset: {a: 1}}",), "neuron.reset: a mapping must be one of hard, soft"),
        (("{decay_input: 1}",), "neuron.decay_input: 1 must be true or false"),
        (("{model: cuba_lif, current: nwo}",), "neuron.current: 'nwo' must be one of now, next; did you mean 'now'?"),
        (("[1]",), "neuron: a list must be a mapping of keys"),
        (("{tau: []}",), "neuron.tau: an empty list must have one number a channel"),
        (("{tau: [2, x, 0.5]}",), "'x' must be a number, a list of one a channel"),
        (("{tau: [2, x, 0.5]}",), "0.5 must be > 1"),
        (("{tau: [2, 3]}",), "layers.lif1.neuron.tau: 2 numbers must be 4, one a channel"),
        ((None, "{model: cuba_lif, tau_mem: 1}"), "net.yaml:6:53 layers.lif1.neuron.tau_mem: 1 must be > 1"),
        ((None, "{model: lfi}"), "layers.lif1.neuron.model: 'lfi' must be one of"),
        (("{model: cuba_lif, reset: hard, u_reset: 1}",), "neuron.u_reset: 1 must be < threshold 1"),
        (("{reset: hard}", "{u_reset: 2}"), "layers.lif1.neuron: u_reset 2 must be < threshold 1"),
    ],
)
def test_a_fault_is_told_with_its_rule(said: tuple[str | None, ...], message: str) -> None:
    told = faults(*said)
    assert any(message in fault for fault in told), told


@pytest.mark.parametrize(("value", "rule"), [("1" + "0" * 400, "must have fewer digits"), ("!x 3", "must have no tag")])
def test_what_yaml_does_not_read_is_told_once_of_a_layers_key(value: str, rule: str) -> None:
    told = faults(f"{{tau: {value}}}", f"{{threshold: {value}}}")
    assert [fault.split(" ")[1] for fault in told] == ["neuron.tau:", "layers.lif1.neuron.threshold:"]
    assert all(rule in fault for fault in told)


def test_every_fault_of_a_neuron_is_told_at_once_and_blames_no_default() -> None:
    told = faults("{tau: 0, threshold: x, reset: hard, u_reset: 2, fires: on}", "{threshold: -1}")
    assert len([fault for fault in told if " neuron." in fault]) == 3
    assert not any("u_reset" in fault and " neuron." in fault for fault in told)
    assert any("layers.lif1.neuron.threshold: -1 must be > 0" in fault for fault in told)


def test_neurons_that_share_a_membrane_must_be_alike() -> None:
    uneven = network("{tau: [2, 3, 4, 5]}")
    assert [state.variables for state in states_of(uneven, Sharing.parse("layer"))] == [1]
    with pytest.raises(InputError, match=r"lif1\.neuron\.tau.* must be one number, .* under channel2"):
        states_of(uneven, Sharing.parse("channel2"))
    with pytest.raises(InputError, match=r"lif2\.neuron\.tau.* must be one number, .* under layer"):
        states_of(network("{tau: weights}"), Sharing.parse("layer"))
    mixed = network("{tau: 2}", "{model: cuba_lif}")
    assert [state.variables for state in states_of(mixed, Sharing())] == [2, 1]
    with pytest.raises(InputError, match=r"one neuron model: lif1 \(model cuba_lif, .*lif2 \(model lif, "):
        states_of(mixed, Sharing.parse("layer"))


def test_every_model_says_what_its_parameters_may_be() -> None:
    for model in NEURONS.values():
        for name, kind in parameters_of(type(model)).items():
            assert isinstance(kind, Real | Choice | Flag)
            assert kind.read(getattr(model, name)) == getattr(model, name)
