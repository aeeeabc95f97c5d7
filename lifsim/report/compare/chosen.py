"""Which figures of runs are compared: groups of them, or single ones by their dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.runs import Run
from lifsim.sweeps.outcome import figure_names
from lifsim.training.traffic import StageBytes

ALL, BOUND = "all", "bound"
FIGURES: dict[str, tuple[str, ...]] = {
    "cycles": ("cycles", BOUND),
    "time": ("time_s", "pe_utilisation", "pe_utilisation_overall"),
    "operations": ("ops",),
    "dram": ("dram_bytes",),
    "accesses": ("sram_accesses", "register_accesses"),
    "energy": ("energy_pj",),
    "lif_update": ("lif_update_pj",),
    "area": ("area_mm2", "area_parts_mm2", "lif_units"),
    "lif_memory": ("lif_memory_bytes",),
}
"""By group of the tables' rows, the figures that it is of."""


@dataclass(frozen=True)
class Chosen:
    """The figures that --rows names, in its order: groups, figures by their dotted names, or beginnings of such names;
    empty: the default."""

    asked: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], runs: Sequence[Run]) -> Chosen:
        """Raises InputError with every name that is none of a group or of a figure, be it of one of the `runs` that are
        there already."""
        moved = (f"dram_bytes.{name}" for name in StageBytes().shown())
        of_runs = (name for run in runs for name in run.totals.figures)
        known = dict.fromkeys([*figure_names(), BOUND, *moved, *of_runs])
        above = dict.fromkeys(name[:place] for name in known for place in _dots(name))
        asked, faults = dict[str, None](), list[Fault]()
        for given in names:
            name = given.strip()
            group = name.lower().replace(" ", "_").replace("-", "_")
            if group == ALL:
                asked |= dict.fromkeys(FIGURES)
            elif group in FIGURES:
                asked[group] = None
            elif name in known or name in above:
                asked[name] = None
            else:
                hint = did_you_mean(name, [*FIGURES, ALL]) if "." not in name else did_you_mean(name, known)
                rule = f"{shown(name)} must be one of {', '.join(FIGURES)} or {ALL}, or a figure of summary.json"
                faults.append(Fault(f"{rule}{hint if 'did you mean' in hint else ''}", path="rows"))
        if faults:
            raise InputError(faults)
        return cls(tuple(asked))

    def names(self, run: Run) -> dict[str, float | str]:
        """The figures of a run that are chosen, all of them unasked."""
        known = run.totals.figures
        if not self.asked:
            return known
        names = (name for asked in self.asked for part in FIGURES.get(asked, (asked,)) for name in meant(part, known))
        return {name: known[name] for name in names}


def meant(asked: str, known: Iterable[str]) -> Iterator[str]:
    """The figure of that name; where there is none, those whose names begin with it."""
    names = list(known)
    return iter([asked]) if asked in names else (name for name in names if name.startswith(f"{asked}."))


def _dots(name: str) -> Iterator[int]:
    return (place for place, sign in enumerate(name) if sign == ".")
