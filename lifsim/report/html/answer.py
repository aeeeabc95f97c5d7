"""The head of a report: a sentence, a few figures, and what could change a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lifsim.errors import visible
from lifsim.hardware.memory import MEMORIES
from lifsim.lazy_dataclass import dataclass
from lifsim.note import decisive
from lifsim.play.bound import bound_by, waits_words
from lifsim.report.first_screen import MOST_ASSUMPTIONS
from lifsim.report.html.told import Told
from lifsim.report.quantities import quantities
from lifsim.sweeps.rates_range import SCALES
from lifsim.units import change_text, counted

CARDS = {
    "cycles.total": "Cycles",
    "time_s": "Time",
    "energy_pj.total": "Energy",
    "dram_bytes.total": "DRAM traffic",
    "lif_memory_bytes.forward": "LIF memory",
    "lif_memory_bytes.backward": "LIF memory, backward",
    "area_mm2": "Area",
}
"""Figures that stand first, by the keys of `Totals.figures`."""


@dataclass(frozen=True)
class Card:
    """A figure with its unit, and its changes by what it is compared with."""

    name: str
    value: str
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """The effect of one difference between two runs."""

    says: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """title: network, machine and sharing; sentence; cards; steps: which part of a shared run's change is sharing's
    own, and what early exit saves, under `headings`; likeness: a description of `none, alike`; decides: the assumptions
    that could change a decision."""

    title: str
    sentence: str
    cards: tuple[Card, ...]
    headings: tuple[str, ...]
    steps: tuple[Step, ...]
    likeness: str
    decides: tuple[str, ...]

    @classmethod
    def of(cls, told: Told) -> Answer:
        """The answer of one run."""
        known = {one.key: one.text for one in quantities(told)}
        keys = {key: name for key, name in CARDS.items() if key in known}
        steps = [*_steps(told.tree.get("comparison")), *_steps(told.tree.get("early_exit_comparison"))]
        beside = _beside(told.tree.get("comparison"))
        cards = tuple(
            Card(name, known[key], tuple((called, _change(change.get(key))) for called, change in beside.items()))
            for key, name in keys.items()
        )
        told_steps = tuple(
            Step(str(step["says"]), tuple(_change(step["change"].get(key)) for key in keys if key != "time_s"))
            for step in steps
        )
        return cls(
            title(told),
            _sentence(told, known),
            cards,
            tuple(name for key, name in keys.items() if key != "time_s"),
            told_steps,
            _likeness(told.tree.get("comparison")),
            _decides(told),
        )


def title(told: Told) -> str:
    """`vgg16_cifar10 on sata128, sharing channel4`."""
    inputs = told.tree["inputs"]
    return visible(f"{inputs['workload'].get('name')} on {inputs['arch'].get('name')}, sharing {inputs['sharing']}")


def _sentence(told: Told, known: Mapping[str, str]) -> str:
    inputs, batch = told.tree["inputs"], told.options.batch or 1
    what = "Training on" if told.training else "Inference of"
    schedule = "groups of layers as given" if told.options.groups is not None else f"schedule {told.options.schedule}"
    steps = counted(inputs["workload"].get("timesteps", 0), "timestep")
    work = f"{what} {counted(batch, 'image')} in {steps}, {schedule},"
    took = f"takes {known['cycles.total']} cycles ({known['time_s']}), {known['energy_pj.total']} and"
    cycles = told.totals.cycles
    model = MEMORIES.get(inputs["arch"].get("dram", {}).get("model", ""))
    waits = waits_words(cycles, ideal=model is not None and not model.waits)
    bound = f"It is bound by {bound_by(cycles)}; {waits}."
    return " ".join([work, f"{took} {known['dram_bytes.total']} of DRAM traffic.", bound, *_own(told)])


def _own(told: Told) -> Iterator[str]:
    """Which part of the change is due to sharing."""
    comparison = told.tree.get("comparison")
    if not comparison:
        return
    own = comparison["steps"][0]["change"]
    keys = {"cycles.total": "cycles", "energy_pj.total": "energy", "dram_bytes.total": "DRAM traffic"}
    backward, forward = ("lif_memory_bytes.backward", "backward LIF memory"), ("lif_memory_bytes.forward", "LIF memory")
    keys |= dict([backward if told.training else forward])
    same = [name for key, name in keys.items() if not own.get(key)]
    other = [f"{name} {_change(own[key])}" for key, name in keys.items() if own.get(key)]
    likeness = _likeness(comparison)
    beside = f"none with {likeness}" if likeness else "none"
    changes = "; ".join(filter(None, (", ".join(other), f"the same {', '.join(same)}" if same else "")))
    yield f"Sharing by itself, against {beside}: {changes}."


def _steps(comparison: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list(comparison["steps"]) if comparison else []


def _beside(comparison: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """By what they are called, the changes against the runs that a shared one is compared with."""
    steps = _steps(comparison)
    if not steps:
        return {}
    if len(steps) == 1:
        return {"none": steps[0]["change"]}
    return {"none, alike": steps[0]["change"], "none, as it is": steps[-1]["change"]}


def _likeness(comparison: Mapping[str, Any] | None) -> str:
    """What `none, alike` has of the shared run."""
    if not comparison or len(comparison["baselines"]) == 1:
        return ""
    alike, machine = comparison["baselines"][0], comparison["baselines"][-1]
    few = f"as few LIF units ({alike['lif_units']:,} of {machine['lif_units']:,})"
    units = few if alike["lif_units"] != machine["lif_units"] else ""
    schedule = "the same groups of layers" if alike["schedule"] != machine["schedule"] else ""
    return " and ".join(filter(None, (units, schedule)))


def _change(share: float | None) -> str:
    return "-" if share is None else change_text(share)


def _decides(told: Told) -> tuple[str, ...]:
    """In a line each, of a run that was only read the first notes."""
    rates = told.tree.get("rates_range")
    range_ = [_rates_words(rates)] if rates else []
    if told.result is not None:
        return (*decisive(told.result.notes), *range_, *decisive(told.result.assumed.lines))
    return tuple([*range_, *told.tree["notes"], *told.tree["assumptions"]][:MOST_ASSUMPTIONS])


def _rates_words(rates: Mapping[str, Any]) -> str:
    """What half and twice of assumed rates change."""
    told = (
        f"at {name} of them cycles {change_text(rates[name]['cycles.total'])}, "
        f"energy {change_text(rates[name]['energy_pj.total'])}"
        for name in SCALES
        if name in rates
    )
    stop = "; those of some layers stop at 1" if rates.get("saturated") else ""
    return f"spike rates are assumed: {'; '.join(told)}{stop}"
