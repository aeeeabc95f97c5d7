"""Matches modules of a state_dict with layers of the workload: by name if the names correspond, else by shape and
order among those of that shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np

from lifsim.errors import Fault
from lifsim.interchange.torch_modules import Module, Modules
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network
from lifsim.model.product import Product

Shape = tuple[int, ...]

ALPHABET = (
    "a .safetensors file has the order of the alphabet, not the model's: name the workload's layers as the modules, or "
    "give what torch.save writes"
)
_NORM_WORDS = re.compile(r"(?:batch_?norm|bn|norm)", re.IGNORECASE)
_PRODUCT_WORDS = ("conv", "fc", "linear", "lin", "")


@dataclass
class Match:
    """products, norms: modules by the name of their layer. neurons: modules by the name of their LIF layer; empty if
    the file says nothing about neurons. by_turn: (module, layer) of those that were not matched by name."""

    products: dict[str, Module] = field(default_factory=dict)
    norms: dict[str, Module] = field(default_factory=dict)
    neurons: dict[str, Module] = field(default_factory=dict)
    by_turn: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def matched(found: Modules, network: Network, source: str, *, ordered: bool) -> Match:
    """Matches all modules. ordered: whether modules stand in the order in which the model defines them."""
    match = Match()
    layers = [node for node in network.nodes if isinstance(node, Product) and node.weight_shape]
    _match_products(match, found.products, layers, source, ordered)
    if not match.faults:
        _match_norms(match, found, [layer for layer in layers if layer.batch_norm], source, ordered)
        _match_neurons(match, found, network, source, ordered)
    return match


def _match_products(
    match: Match, modules: Sequence[Module], layers: Sequence[Product], source: str, ordered: bool
) -> None:
    pairs = dict(_by_name(modules, [layer.name for layer in layers]))
    left = [module for module in modules if module not in pairs.values()]
    open_layers = [layer for layer in layers if layer.name not in pairs]
    if len(left) != len(open_layers):
        what = "convolution and linear modules"
        rest = f"; not matched by name: {_listed(one.name for one in left)}" if left else ""
        wanted = f"; without a module: {_listed(one.name for one in open_layers)}" if open_layers else ""
        match.faults.append(Fault(f"has {len(modules)} {what}, must have {len(layers)}{rest}{wanted}", source=source))
        return
    for module, layer in _by_shape(left, open_layers):
        pairs[layer.name] = module
        match.by_turn.append((module.name, layer.name))
    if not ordered:
        alike = _shared([_shape(module) for module in left])
        names = _listed(module.name for module in left if _shape(module) in alike)
        if names:
            match.faults.append(
                Fault(f"{names} have the same shapes and other names than layers: {ALPHABET}", "", source)
            )
    match.products = pairs


def _by_shape(modules: Sequence[Module], layers: Sequence[Product]) -> Iterator[tuple[Module, Product]]:
    """Pairs modules and layers of the same shape in order; a module that fits no layer is paired with a remaining
    layer, so that its fault is reported."""
    waiting, unfit = list(layers), list[Module]()
    for module in modules:
        layer = next((one for one in waiting if one.weight_shape == _shape(module)), None)
        if layer is None:
            unfit.append(module)
            continue
        waiting.remove(layer)
        yield module, layer
    yield from zip(unfit, waiting, strict=True)


def _shape(module: Module) -> Shape:
    """The shape of a module's weight in LIFSim: [M, C, k] of a Conv1d is [M, C, 1, k]."""
    shape = module.terms["weight"].shape
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else shape


def _match_norms(match: Match, found: Modules, layers: Sequence[Product], source: str, ordered: bool) -> None:
    """By the name of the module in front of them, if all norms can be matched so; else in the order of the products
    that have a norm."""
    if len(found.norms) != len(layers):
        names = f": {_listed(one.name for one in found.norms)}" if found.norms else ""
        way = "say batch_norm: true of the layers that have one, and of no others"
        text = f"has {len(found.norms)} batch norms, must have {len(layers)}{names}; {way} in the workload"
        match.faults.append(Fault(text, source=source))
        return
    by_module = {module.name: name for name, module in match.products.items()}
    wanted = {layer.name for layer in layers}
    named = {
        layer: norm
        for norm in found.norms
        for one in _normalised_by(norm.name)
        if (layer := by_module.get(one)) in wanted and layer is not None
    }
    if len(named) == len(layers) == len({*map(id, named.values())}):
        match.norms = named
        return
    turn = sorted(layers, key=lambda layer: found.places[match.products[layer.name]])
    match.norms = {layer.name: norm for layer, norm in zip(turn, found.norms, strict=True)}
    match.by_turn += [(norm.name, f"{layer}.bn") for layer, norm in match.norms.items()]
    if not ordered and len(found.norms) > 1:
        names = _listed(norm.name for norm in found.norms)
        match.faults.append(Fault(f"{names} are not named as what they normalise: {ALPHABET}", source=source))


def _normalised_by(name: str) -> Iterator[str]:
    """Names that the module in front of a norm of this name may have: conv1 for bn1, net.0 for net.1."""
    parent, dot, own = name.rpartition(".")
    if own == "bn" and dot:
        yield parent
    if own.isdigit() and int(own):
        yield f"{parent}{dot}{int(own) - 1}"
    elif _NORM_WORDS.search(own):
        yield from (f"{parent}{dot}{_NORM_WORDS.sub(word, own)}" for word in _PRODUCT_WORDS)


def _match_neurons(match: Match, found: Modules, network: Network, source: str, ordered: bool) -> None:
    """By name. Other neurons: any module, if all neurons are stored and equal; else by the products in front of
    them, or one by one. SpikingJelly stores only the w of each ParametricLIFNode, which says nothing about other
    neurons."""
    lifs = network.lifs
    pairs = dict(_by_name(found.neurons, [lif.name for lif in lifs]))
    match.neurons = pairs
    pairs |= _as_recorded(match, found, [lif.name for lif in lifs if lif.name not in pairs])
    left = [module for module in found.neurons if module not in pairs.values()]
    rest = [lif for lif in lifs if lif.name not in pairs]
    if not left or not rest:
        match.notes += [_unread(module) for module in left]
        return
    single = [module for module in left if "w" in module.terms]
    alike, as_many = _are_alike(left), len(left) == len(rest)
    behind = _behind_products(match, found, network, left) if ordered else None
    if alike and not single:
        match.neurons |= {lif.name: left[0] for lif in rest}
    elif behind is not None and (single or not as_many):
        match.neurons |= {lif.name: module for lif, module in behind.items()}
        match.by_turn += [(module.name, lif.name) for lif, module in behind.items()]
        match.notes += [_unread(module) for module in left if module not in behind.values()]
    elif as_many and (alike or ordered):
        match.neurons |= {lif.name: module for lif, module in zip(rest, left, strict=True)}
        match.by_turn += [(module.name, lif.name) for lif, module in zip(rest, left, strict=True)]
    elif single:
        match.faults += [_untold(module, rest, source, ordered) for module in single]
    else:
        names = f"{_listed(one.name for one in left)}, must have {len(rest)} of neurons that differ"
        way = "" if ordered else f": {ALPHABET}"
        match.faults.append(Fault(f"has {len(left)} modules of neurons, {names}{way}", source=source))


def _as_recorded(match: Match, found: Modules, names: Sequence[str]) -> dict[str, Module]:
    """ParametricLIFNodes whose names begin with a number, by the name that `lifsim.record` gives them: lif_2 for
    module 2. If other layers are not named like that, lif_2 may just be the second one: then only _2 is recognised."""
    recorded = all(f"_{name}".endswith(f"_{_spelt(module)}") for name, module in match.products.items())
    numbered = [module for module in found.neurons if "w" in module.terms and module.name[:1].isdigit()]
    ways = ["_{}", *(["lif_{}"] if recorded else [])]
    pairs = {way.format(_spelt(module)): module for way in ways for module in numbered}
    told = {name: module for name, module in pairs.items() if name in names}
    if told:
        match.notes.append(f"named by their numbers: {_listed(f'{one.name} is {name}' for name, one in told.items())}")
    return told


def _untold(module: Module, rest: Sequence[Lif], source: str, ordered: bool) -> Fault:
    """The fault of a module for which nothing tells to which layer its neurons belong."""
    name = _spelt(module)
    name = f"_{name}" if name[:1].isdigit() else name
    order = " nor the order of modules" if ordered else ""
    words = f"is of one of {_listed(lif.name for lif in rest)}, and no name{order} tells of which: call that layer"
    return Fault(f"{words} {name} in the workload", module.key("w"), source)


def _unread(module: Module) -> str:
    return f"{module.name}: left out, for the workload has no neurons there"


def _are_alike(modules: Sequence[Module]) -> bool:
    first = modules[0].terms
    return all(
        one.terms.keys() == first.keys() and all(np.array_equal(one.terms[term], first[term]) for term in first)
        for one in modules
    )


def _behind_products(
    match: Match, found: Modules, network: Network, left: Sequence[Module]
) -> dict[Lif, Module] | None:
    """Neurons by the layer whose module stands in front of theirs; None if that is ambiguous."""
    layer_of = {module: name for name, module in match.products.items()}
    fed, last = _fed(network), network.layers[-1].name
    behind: dict[Lif, Module] = {}
    for module in left:
        before = [one for one in found.products if found.places[one] < found.places[module]]
        layer = layer_of[before[-1]] if before else ""
        lifs = fed.get(layer, set())
        if not lifs and layer == last:
            continue
        if len(lifs) != 1 or (lif := next(iter(lifs))) in behind or lif.name in match.neurons:
            return None
        behind[lif] = module
    return behind


def _fed(network: Network) -> dict[str, set[Lif]]:
    """For each product, the neurons that read it, directly or through norms, pools and sums."""
    fed: dict[str, set[Lif]] = {}
    carried: dict[str, set[str]] = {}
    for node in network.nodes:
        read = {name for one in node.inputs for name in carried.get(one, ())}
        if isinstance(node, Lif):
            for name in read:
                fed.setdefault(name, set()).add(node)
        else:
            carried[node.name] = {node.name} if isinstance(node, Product) else read
    return fed


def _by_name(modules: Sequence[Module], names: Sequence[str]) -> Mapping[str, Module]:
    """Modules by layer: those with exactly the layer's name; or all modules, if names agree once the part that all
    modules, and all layers, have in common is left out. Matching only some that way would be wrong: 2 means another
    layer in features.0, features.2 than in conv_1, conv_2."""
    own = [_spelt(module) for module in modules]
    exact = _equal(own, modules, names, names)
    short = _equal(_without_common(own), modules, _without_common(names), names)
    return short if len(short) == len(names) > len(exact) else exact


def _spelt(module: Module) -> str:
    """The name of a module with only those characters that names of layers may have."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", module.name)


def _equal(
    own: Sequence[str], modules: Sequence[Module], wanted: Sequence[str], names: Sequence[str]
) -> dict[str, Module]:
    """Modules by name: those whose `own` name equals the `wanted` one at that position, if it occurs once."""
    found = {one: module for one, module in zip(own, modules, strict=True) if own.count(one) == 1}
    return {name: found[one] for one, name in zip(wanted, names, strict=True) if one in found}


def _without_common(names: Sequence[str]) -> list[str]:
    """The parts of names that differ: fc1 and fc2 of net_fc1 and net_fc2."""
    parts = [name.split("_") for name in names]
    common = 0
    while len(parts) > 1 and all(len(one) > common + 1 and one[common] == parts[0][common] for one in parts):
        common += 1
    return ["_".join(one[common:]) for one in parts]


def _shared(shapes: Sequence[Shape]) -> set[Shape]:
    return {shape for shape in shapes if shapes.count(shape) > 1}


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:8]) + (f" and {len(every) - 8} more" if len(every) > 8 else "")
