"""Results of earlier runs, read back: a file is accepted only if a run can have written it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from lifsim.accounting.books import Accesses, BooksError, Cycles, Operations, SramAccesses
from lifsim.accounting.energy import EnergyPj, LifUpdatePj
from lifsim.accounting.prices import Area
from lifsim.accounting.stages import StageRecord
from lifsim.config.document import kind_at
from lifsim.config.file_kind import in_words
from lifsim.config.json_file import MAX_BYTES, parse_json, plain_json
from lifsim.config.text_file import read_text
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import REQUIRED, AfterValidator, Field, Key
from lifsim.model.schema import Broken, Model, Text, model_of, rule
from lifsim.model.sharing import Sharing
from lifsim.play.bound import BufferUse
from lifsim.play.dram import DramActivity
from lifsim.report.summary import SCHEMA_VERSION
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.traffic import DramBytes
from lifsim.simulate.options import Options
from lifsim.simulate.resolved import sha256_of
from lifsim.simulate.result import Totals
from lifsim.training.traffic import StageBytes

WAY_OUT = "must be the folder of a run, is damaged or was changed: delete it and run again"
OLDER = "must be a run of this LIFSim, is of an older one: read it with that, or run it again with this"
NEWER = "must be a run of this LIFSim, is of a newer one: leave it as it is, and read it with that"

Amount = Annotated[float, Field(strict=True, ge=0, le=1e300, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Tally = Annotated[int, Field(strict=True, ge=0, lt=1 << 126)]
Sha256 = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]


def _sharing(text: str) -> str:
    try:
        return str(Sharing.parse(text))
    except InputError as error:
        raise ValueError(error.faults[0].message) from None


@cache
def _stored(record: type) -> Any:
    """The schema of a record of a run: its counts whole and >= 0, its amounts finite and >= 0, its books balanced."""
    kinds = get_type_hints(record)
    keys = {
        field.name: Key(_kind(kinds[field.name]), REQUIRED if field.default is dataclasses.MISSING else field.default)
        for field in dataclasses.fields(record)
    }
    model = model_of(record.__name__, keys, Model)

    def balanced(values: Model) -> object:
        try:
            return record(**{name: getattr(values, name) for name in keys})
        except BooksError as error:
            raise ValueError(f"must balance: {str(error).partition(f': {record.__name__}(')[0]}") from None

    return Annotated[model, AfterValidator(balanced)]


def _kind(kind: Any) -> Any:
    """The type of a field in the schema."""
    if kind is DramBytes:
        return _dram_bytes()
    if dataclasses.is_dataclass(kind):
        return _stored(kind)  # type: ignore[arg-type]
    return {int: Tally, float: Amount, int | None: Tally | None, float | None: Amount | None}[kind]


@cache
def _dram_bytes() -> Any:
    """The schema of DRAM bytes as results show them: in training they have more parts, which are 0 in inference."""
    needed, every = DramBytes().shown(), StageBytes().shown()
    model = model_of("DramBytes", {name: Key(Tally, REQUIRED if name in needed else 0) for name in every}, Model)

    def balanced(values: Model) -> Model:
        parts = sum(getattr(values, name) for name in every if name != "total")
        total = values.total  # type: ignore[attr-defined]
        if total != parts:
            raise ValueError(f"must balance: total {total} is not the sum of its parts {parts}")
        return values

    return Annotated[model, AfterValidator(balanced)]


class _Inputs(Model):
    """What was run, and the hashes by which runs are compared."""

    arch: dict[str, Any]
    workload: dict[str, Any]
    sharing: Annotated[Text, AfterValidator(_sharing)]
    options: Options
    spikes: dict[str, Any]
    dram_device: dict[str, Any] | None = None
    dram_device_sha256: Sha256 | None = None
    arch_sha256: Sha256
    workload_sha256: Sha256
    spikes_sha256: Sha256
    seed: Tally
    batch: Tally | None

    @rule
    def hashes_fit(self) -> Broken:
        """Every hash is that of what it stands for."""
        hashed = {
            "arch_sha256": self.arch,
            "workload_sha256": self.workload,
            "spikes_sha256": [self.spikes, self.seed],
            **({"dram_device_sha256": self.dram_device} if self.dram_device else {}),
        }
        for name, tree in hashed.items():
            if getattr(self, name) != sha256_of(tree):
                yield name, f"must be the SHA-256 of {name.removesuffix('_sha256')}: one of them was changed"


def _present(version: int) -> int:
    """Neither that of an older LIFSim, whose figures have other names, nor of a newer one."""
    if version != SCHEMA_VERSION:
        older = "an older LIFSim wrote it, whose energy is parted into dynamic and leakage"
        rule = older if version < SCHEMA_VERSION else "a newer LIFSim wrote it"
        raise ValueError(f"{version} must be {SCHEMA_VERSION}: {rule}")
    return version


class _Head(Model):
    """What tells a summary from other files."""

    others = "ignore"

    format: Literal["lifsim-summary"]
    schema_version: Annotated[int, Field(strict=True, ge=1)]


class _OfThis(_Head):
    """What tells a summary of this LIFSim from those of others."""

    schema_version: Annotated[int, AfterValidator(_present)]


class _Accuracy(Model):
    early: Share
    all_timesteps: Share
    images: Tally


class _EarlyExit(Model):
    exits: bool
    timesteps: Tally
    images: dict[str, Tally]
    steps: list[Tally]
    saved_timesteps: Share
    timesteps_beyond_exits: Tally | None = None
    source: Text
    accuracy: _Accuracy | None = None


@cache
def _schema() -> type[Model]:
    """The schema of summary.json as `lifsim.report.summary` writes it."""
    needed: dict[str, Any] = {
        "format": Text,
        "schema_version": Tally,
        "lifsim_version": Text,
        "name": Text,
        "inputs": _Inputs,
        "cycles": _stored(Cycles),
        "bound": Text,
        "time_s": Amount,
        "pe_utilisation": Amount,
        "ops": _stored(Operations),
        "dram_bytes": _dram_bytes(),
        "sram_accesses": _stored(SramAccesses),
        "register_accesses": dict[Literal["membrane"], _stored(Accesses)],  # type: ignore[misc]
        "energy_pj": _stored(EnergyPj),
        "lif_update_pj": _stored(LifUpdatePj),
        "area_mm2": Amount,
        "area_parts_mm2": _stored(Area),
        "lif_units": Tally,
        "lif_memory_bytes": _stored(LifMemory),
        "sram_technology_nm": Tally,
        "prices": dict[str, dict[str, Text | Tally | None]],
        "worst_case_bits": dict[str, dict[Literal["psum", "membrane"], Tally | None]],
        "assumptions": list[Text],
        "notes": list[Text],
    }
    optional: dict[str, Any] = {
        "pe_utilisation_overall": Amount,
        "dram": _stored(DramActivity),
        "stages": dict[str, _stored(StageRecord)],  # type: ignore[misc]
        "buffers": dict[str, _stored(BufferUse)],  # type: ignore[misc]
        "model_version": Tally,
        "groups": list[Text],
        "comparison": dict[str, Any],
        "rates_range": dict[str, Any],
        "early_exit": _EarlyExit,
        "early_exit_comparison": dict[str, Any],
    }
    keys = {name: Key(kind) for name, kind in needed.items()}
    return model_of("Summary", keys | {name: Key(kind | None, None) for name, kind in optional.items()}, Model)


@dataclass(frozen=True)
class Stored:
    """A run as it was stored. tree: its summary.json; options and totals: what that says of them."""

    tree: Mapping[str, Any]
    options: Options
    totals: Totals


def read_summaries(folders: Iterable[Path]) -> list[Mapping[str, Any]]:
    """The summary.json of every folder. Raises InputError with all that no run of this LIFSim can have written."""
    return [stored.tree for stored in read_runs(folders)]


def read_runs(folders: Iterable[Path]) -> list[Stored]:
    """The runs that are stored in `folders`. Raises InputError as `read_summaries` does."""
    found, faults = [], list[Fault]()
    for folder in folders:
        if not (folder / "summary.json").is_file():
            rule = f"must be the folder of a run, with a summary.json{in_words(kind_at(folder))}"
            hint = f"; {folder.parent}/*/ is all folders there, without files" if folder.is_file() else ""
            faults.append(Fault(f"{rule}{hint}", source=str(folder)))
            continue
        with collecting(faults):
            found.append(_stored_run(folder / "summary.json"))
    if faults:
        raise InputError(faults)
    return found


def _stored_run(path: Path) -> Stored:
    text = read_text(path, "summary.json", MAX_BYTES)
    version = SCHEMA_VERSION
    try:
        version = parse_json(_Head, text, str(path)).schema_version
        parse_json(_OfThis, text, str(path))
        found: Any = parse_json(_schema(), text, str(path))
    except InputError as error:
        way_out = OLDER if version < SCHEMA_VERSION else NEWER if version > SCHEMA_VERSION else WAY_OUT
        raise InputError([*error.faults, Fault(way_out, source=str(path.parent))]) from None
    tree: Mapping[str, Any] = plain_json(text, str(path))
    return Stored(tree, found.inputs.options, _totals(found))


def _totals(found: Any) -> Totals:
    """The totals of a summary that its schema has checked."""
    kind = StageBytes if found.inputs.options.mode == "training" else DramBytes
    moved = {name: amount for name, amount in vars(found.dram_bytes).items() if name not in ("psum", "total")}
    if kind is DramBytes:
        moved = {name: amount for name, amount in moved.items() if name in DramBytes().shown()}
    return Totals(
        cycles=found.cycles,
        time_s=found.time_s,
        pe_utilisation=found.pe_utilisation,
        ops=found.ops,
        # Summaries tell partial sums both ways together, and nothing that is shown of totals tells them apart.
        dram_bytes=kind(**moved, psum_read=found.dram_bytes.psum),
        sram_accesses=found.sram_accesses,
        membrane_registers=found.register_accesses["membrane"],
        energy_pj=found.energy_pj,
        area=found.area_parts_mm2,
        lif_units=found.lif_units,
        lif_memory_bytes=found.lif_memory_bytes,
        sram_technology_nm=found.sram_technology_nm,
        dram=found.dram,
    )
