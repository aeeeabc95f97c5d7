"""A recipe as a study's folder holds it: plain JSON data, without the seed, which each training has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from lifsim.config.document import Document, Mark
from lifsim.config.validate import parse_model
from lifsim.engine.training.loop import Recipe
from lifsim.engine.training.optimiser import Adam, Optimiser, Sgd
from lifsim.model.keys import Field
from lifsim.model.schema import Model

_Real = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
_Whole = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]


class _Sgd(Model):
    kind: Literal["sgd"]
    weight_decay: _Real
    momentum: _Real

    def optimiser(self) -> Optimiser:
        return Sgd(self.weight_decay, self.momentum)


class _Adam(Model):
    kind: Literal["adam"]
    weight_decay: _Real
    beta1: _Real
    beta2: _Real
    epsilon: _Real

    def optimiser(self) -> Optimiser:
        return Adam(self.weight_decay, self.beta1, self.beta2, self.epsilon)


class _Recipe(Model):
    epochs: _Whole
    batch: _Whole
    rate: _Real
    shift: _Whole
    optimiser: Annotated[_Sgd | _Adam, Field(discriminator="kind")]


def stored(recipe: Recipe) -> dict[str, Any]:
    """`recipe` as plain data."""
    common = {name: value for name, value in asdict(recipe).items() if name not in ("seed", "optimiser")}
    kind = type(recipe.optimiser).__name__.lower()
    return common | {"optimiser": {"kind": kind} | asdict(recipe.optimiser)}


def read_back(tree: Mapping[str, Any], seed: int, source: Path) -> Recipe:
    """The recipe that was `stored` in `source`, with a seed. Raises InputError."""
    found = parse_model(_Recipe, Document(str(source), dict(tree), {(): Mark(str(source))}))
    return Recipe(found.epochs, found.batch, found.rate, found.optimiser.optimiser(), seed, found.shift)
