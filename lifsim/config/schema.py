"""What every model of a configuration file is made of: strict scalar types and rules that span several keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from lifsim.units import parse_bytes, parse_hz

KEYS_ALONE = "each key alone"
"""Validation context: judge every key by itself, and leave the rules across keys alone."""

Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=10_000)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=100)]
Count = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
Cycles = Annotated[int, Field(ge=0, le=1 << 20, strict=True)]
Bits = Annotated[int, Field(ge=1, le=64, strict=True)]
Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(ge=0, le=1 << 50)]
Hertz = Annotated[int, BeforeValidator(parse_hz), Field(gt=0, le=10**12)]
Cost = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e15, strict=True)]


class BrokenRulesError(ValueError):
    """Every rule across keys that one model breaks: (key within the model, '' for the model itself; message)."""

    def __init__(self, broken: Iterable[tuple[str, str]]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{key}: {message}" if key else message for key, message in self.broken))


class Model(BaseModel):
    """Frozen, no unknown keys. Scalars are strict by their types: `on` is no flag, `true` no number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """(key, message) of each rule across keys that does not hold; a key may be dotted, '' is the model itself."""
        yield from ()

    @model_validator(mode="after")
    def _keep_rules(self, info: ValidationInfo) -> Model:
        broken = () if info.context is KEYS_ALONE else tuple(self.broken_rules())
        if broken:
            raise BrokenRulesError(broken)
        return self
