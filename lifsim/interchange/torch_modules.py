"""The modules of a state_dict: products, norms and neurons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]

NEURON_TERMS = frozenset(
    {"threshold", "graded_spikes_factor", "reset_mechanism_val", "beta", "alpha", "R", "C", "time_step", "w"}
)
"""Terms of snnTorch's neurons, and the w of SpikingJelly's ParametricLIFNode."""
STATES = frozenset({"mem", "syn", "spk", "syn_exc", "syn_inh"})
"""Terms of neurons in models that were saved between two timesteps."""
COUNTER = "num_batches_tracked"
_WRAPPERS = ("module", "_orig_mod")  # DataParallel, torch.compile
_PARAMETRIZATIONS = "parametrizations"
_REMOVE = {
    "weight_g": "torch.nn.utils.remove_weight_norm(module)",
    "weight_v": "torch.nn.utils.remove_weight_norm(module)",
    "weight_u": "torch.nn.utils.remove_spectral_norm(module)",
}


@dataclass(frozen=True, eq=False)
class Module:
    """name: without the prefix of what wraps the whole model. terms: its arrays. keys: their names in the file."""

    name: str
    terms: Mapping[str, Array]
    keys: Mapping[str, str]

    def key(self, term: str) -> str:
        """The name of a term in the file; the module's, if the term was computed from two."""
        return self.keys.get(term, self.keys.get(f"{term}_orig", self.name))


@dataclass
class Modules:
    """The modules in order. products: convolutions and linear layers. numbered: whether their names are numbers,
    which give the order."""

    products: list[Module] = field(default_factory=list)
    norms: list[Module] = field(default_factory=list)
    neurons: list[Module] = field(default_factory=list)
    places: dict[Module, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    numbered: bool = False


def modules_of(state: Mapping[str, Array], source: str) -> Modules:
    """The modules of a state_dict in the order of the file; if all are numbered, as those of a single nn.Sequential,
    in the order of their numbers. Pruned weights are multiplied by their masks, and short floats widened. Arrays
    that belong to no module are faults."""
    grouped: dict[str, dict[str, str]] = {}
    wrapper = _wrapper(state)
    for key in state:
        name, _, term = key.removeprefix(wrapper).rpartition(".")
        grouped.setdefault(name, {})[term] = key
    found = Modules(numbered=_are_numbered(grouped))
    pruned: list[str] = []
    if found.numbered:
        grouped = {name: grouped[name] for name in sorted(grouped, key=_number)}
    for name, keys in grouped.items():
        terms = {term: _wide(state[key]) for term, key in keys.items() if term != COUNTER}
        pruned += _unmask(terms, keys, found.faults, source)
        _sort_in(found, Module(name, terms, keys), source)
    if pruned:
        found.notes.append(f"pruned weights are multiplied by their masks: {', '.join(pruned)}")
    if any(array.dtype == np.float16 for array in state.values()):
        found.notes.append("weights of 16 bits are widened to 32")
    return found


def _sort_in(found: Modules, module: Module, source: str) -> None:
    terms = module.terms.keys()
    found.places[module] = len(found.places)
    recurrent = (
        "V" if {"V", "threshold"} <= terms else "weight" if module.name.rpartition(".")[2] == "recurrent" else ""
    )
    if recurrent:
        reason = "is of recurrent neurons: LIFSim has no recurrent inputs"
        found.faults.append(Fault(reason, module.key(recurrent), source))
    elif "running_mean" in terms:
        found.norms.append(module)
    elif "weight" in terms and module.terms["weight"].ndim > 1:
        found.products.append(module)
    elif terms and terms <= NEURON_TERMS | STATES and terms & {"threshold", "beta", "w"}:
        found.neurons.append(module)
    else:
        found.faults += [Fault(_belongs(module, term), module.key(term), source) for term in terms]
    if module in found.norms or module in found.products:
        known = {"weight", "bias", *({"running_mean", "running_var"} if module in found.norms else ())}
        found.faults += [Fault(_belongs(module, term), module.key(term), source) for term in terms if term not in known]


def _belongs(module: Module, term: str) -> str:
    """The fault of a term that no network of LIFSim has."""
    if term in _REMOVE or f".{_PARAMETRIZATIONS}." in f".{module.name}.":
        way = _REMOVE.get(term, "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')")
        return f"is what weights are computed of at every call: {way} before saving"
    if term in ("weight", "bias"):
        return "must belong to a weight layer or a batch norm: LIFSim's networks have no other norms"
    return "must belong to a weight layer, a batch norm, or neurons of snnTorch or SpikingJelly"


def _are_numbered(names: Iterable[str]) -> bool:
    parts = [name.rpartition(".") for name in names]
    return len({parent for parent, _, _ in parts}) == 1 and all(re.fullmatch("[0-9]{1,9}", own) for _, _, own in parts)


def _number(name: str) -> int:
    return int(name.rpartition(".")[2])


def _wrapper(state: Mapping[str, Array]) -> str:
    """The prefix of all names if the whole model was wrapped."""
    for wrapper in _WRAPPERS:
        if state and all(key.startswith(f"{wrapper}.") for key in state):
            inner = {key.removeprefix(f"{wrapper}."): array for key, array in state.items()}
            return f"{wrapper}.{_wrapper(inner)}"
    return ""


def _wide(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _unmask(terms: dict[str, Array], keys: Mapping[str, str], faults: list[Fault], source: str) -> Iterator[str]:
    """Replaces NAME_orig and NAME_mask (torch.nn.utils.prune) by NAME."""
    for term in [*terms]:
        name, _, part = term.rpartition("_")
        if part not in ("orig", "mask") or name not in ("weight", "bias"):
            continue
        other = f"{name}_{'mask' if part == 'orig' else 'orig'}"
        if other not in keys:
            del terms[term]
            faults.append(Fault(f"must stand beside {other}, as torch.nn.utils.prune saves them", keys[term], source))
        elif part == "orig":
            weight, mask = terms.pop(term), terms.pop(other)
            if mask.shape != weight.shape or not ((mask == 0) | (mask == 1)).all():
                faults.append(Fault(f"must be 0 or 1, of shape {list(weight.shape)}", keys[other], source))
                mask = np.ones_like(weight)
            terms[name] = weight * mask.astype(weight.dtype)
            yield keys[term].removesuffix("_orig")
