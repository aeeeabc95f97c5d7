"""Finds differences between runs besides those that were asked for: either like is compared with like, or the heading
says that it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lifsim.accounting.basis import ONLY_SRAM_FOLLOWS, nodes_of
from lifsim.report.compare.runs import Run
from lifsim.simulate.resolved import MODEL_VERSION, sha256_of
from lifsim.units import counted

FEW, SHORT = 4, 120
"""Values that are told one by one, and characters of the labels of runs that are."""


def unlike(runs: Sequence[Run]) -> tuple[str, ...]:
    """A line each."""
    return tuple(_lines(runs))


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    yield from _rules(runs)
    yield from _work(runs)
    yield from _machines(runs)
    yield from _beside_sharing(runs)


def _rules(runs: Sequence[Run]) -> Iterator[str]:
    if any(run.model_version != MODEL_VERSION for run in runs):
        told = _told(runs, lambda run: "unknown" if run.model_version is None else str(run.model_version))
        yield f"model version: {told}, of this LIFSim {MODEL_VERSION}: other rules give other figures of the same run"
    if _differ(runs, _accounting):
        yield f"accounting: {_values(runs, _accounting)}: they count and price by other rules"


def _work(runs: Sequence[Run]) -> Iterator[str]:
    """Differences in the work: in what is simulated, and in how much of it."""
    if _differ(runs, lambda run: run.network):
        yield f"networks: {_values(runs, lambda run: run.network)}: figures are of whole runs, not of equal work"
    elif _differ(runs, lambda run: run.inputs["workload_sha256"]) and not _differ_in_timesteps_alone(runs):
        yield "networks: of one name, but not the same ones"
    if _differ(runs, _timesteps):
        yield f"timesteps: {_told(runs, _timesteps)}: figures are of all of them"
    if _differ(runs, lambda run: run.options.batch):
        yield f"images: {_values(runs, lambda run: run.options.batch)}: figures are of all of a batch"
    if _differ(runs, _exits):
        yield f"early exit: {_told(runs, _exits)}: images that are done run no further timesteps"
    if _differ(runs, _mode):
        yield f"mode: {_values(runs, _mode)}: training goes backwards, and updates weights"
    trained = [run for run in runs if run.options.mode == "training"]
    if _differ(trained, lambda run: run.options.bptt):
        yield f"membranes for the backward pass: {_values(trained, lambda run: run.options.bptt)}"
    for same in _together(runs, lambda run: run.inputs["workload_sha256"]):
        if _differ(same, _spikes):
            why = "each network fires its own" if all(_spikes_kind(run) == "engine" for run in same) else "not the same"
            yield f"spikes: {why}: {_told(same, _spikes_words)}"


def _machines(runs: Sequence[Run]) -> Iterator[str]:
    if _differ(runs, lambda run: run.machine):
        yield f"machines: {_told(runs, lambda run: run.machine)}: a change is not that of one thing in them"
    if _differ(runs, _memory):
        yield f"memory: {_values(runs, _memory)}: other models of it make the array wait otherwise"
    if _differ(runs, lambda run: run.totals.sram_technology_nm):
        yield f"SRAMs of {nodes_of({run.totals.sram_technology_nm for run in runs})}: {ONLY_SRAM_FOLLOWS}"


def _beside_sharing(runs: Sequence[Run]) -> Iterator[str]:
    """What comes with a sharing and needs none: fewer LIF units, another schedule."""
    units = dict[str, None]()
    for same in _together(runs, lambda run: run.inputs["workload_sha256"]):
        for alike in _together(same, lambda run: run.inputs["arch_sha256"]):
            if _differ(alike, lambda run: run.totals.lif_units):
                told = dict[int, dict[str, None]]()
                for run in alike:
                    told.setdefault(run.totals.lif_units, {})[f"sharing {run.inputs['sharing']}"] = None
                units[", ".join(f"{count:,} ({', '.join(sharings)})" for count, sharings in told.items())] = None
        if _differ(same, lambda run: run.groups) and not (_differ(same, _mode) or _differ(same, _accounting)):
            yield f"schedule: layers run in other groups: {_told(same, _groups)}"
    if units:
        by_run = _told(runs, _lif_units) if _listed(runs) else ""
        yield f"LIF units: {by_run or '; or '.join([*units][:FEW])}: fewer need no sharing (lif.units)"
    elif _differ(runs, _lif_units):
        yield f"LIF units: {_told(runs, _lif_units)}: machine and sharing determine how many there are"


def other_work(runs: Sequence[Run]) -> tuple[str, ...]:
    """In what the work of runs differs, so that none of them is better for lower figures."""
    told = {"networks": lambda run: run.network, "modes": _mode}
    return tuple(name for name, of in told.items() if _differ(runs, of))


def notes(runs: Sequence[Run]) -> tuple[str, ...]:
    """Notes on compared sharings, one line each."""
    found = []
    shared = [run for run in runs if run.inputs["sharing"] != "none"]
    helped = [run.inputs["sharing"] for run in shared if not _shares_nothing(run)]
    if _differ(runs, lambda run: run.inputs["sharing"]):
        if helped and any(True for _ in _beside_sharing(runs)):
            found.append(f"lifsim run --sharing {helped[0]} says which part of its change is sharing's own")
        if any(_spikes_kind(run) != "engine" for run in runs):
            found.append("networks that are trained under a sharing fire spikes of their own (--spikes engine)")
    idle = [f"{run.inputs['sharing']} is none for {run.network}" for run in shared if _shares_nothing(run)]
    return (*found, *(f"{words}: nothing there can share" for words in dict.fromkeys(idle)))


def _shares_nothing(run: Run) -> bool:
    memory = run.totals.lif_memory_bytes
    return memory.forward == memory.forward_baseline


def _timesteps(run: Run) -> str:
    return run.told("workload", "timesteps")


def _differ_in_timesteps_alone(runs: Sequence[Run]) -> bool:
    """Networks of one name that differ in their timesteps and in nothing else."""
    trees = [{**run.inputs["workload"], "timesteps": None} for run in runs]
    return _differ(runs, _timesteps) and all(tree == trees[0] for tree in trees)


def _lif_units(run: Run) -> str:
    return f"{run.totals.lif_units:,}"


def _mode(run: Run) -> str:
    return run.options.mode


def _exits(run: Run) -> str:
    """When images are done, as it is asked for, and what of their timesteps is not run: nothing under a schedule that
    cannot let them go."""
    options = run.options
    asked = options.exit_steps or (f"once {options.exit_confidence:g} sure" if options.exit_confidence else "")
    return f"{asked}, {run.saved:.1%} of the timesteps not run" if asked and run.saved is not None else asked or "none"


def _accounting(run: Run) -> str:
    return run.told("arch", "accounting")


def _memory(run: Run) -> str:
    return run.told("arch", "dram", "model")


def _spikes(run: Run) -> str:
    """What determines them, of one network."""
    options = run.options
    drawn = [options.seed, options.rate, options.rates_scale] if _spikes_kind(run) != "trace" else []
    fired = [options.weights, options.images, run.inputs["sharing"]] if _spikes_kind(run) == "engine" else []
    return sha256_of([run.inputs["spikes"], drawn, fired])


def _spikes_kind(run: Run) -> str:
    return run.told("spikes", "kind")


def _spikes_words(run: Run) -> str:
    kind, options = _spikes_kind(run), run.options
    if kind == "trace":
        return f"trace {run.told('spikes', 'sha256')[:8]}"
    if kind == "engine":
        return f"engine, {options.weights or 'calibrated'} weights under {run.inputs['sharing']}, seed {options.seed}"
    scale = f" times {options.rates_scale:g}" if options.rates_scale != 1 else ""
    given = f" {', '.join(options.rate)}" if options.rate else ""
    return f"drawn at rates{given}{scale}, seed {options.seed}"


def _groups(run: Run) -> str:
    if run.groups is None:
        return "unknown"
    alone = sum(word.endswith(":tick") for word in run.groups)
    return f"{counted(len(run.groups), 'group')} with {counted(alone, 'tick-batched layer')}"


def _differ(runs: Sequence[Run], of: Callable[[Run], Any]) -> bool:
    return len({repr(of(run)) for run in runs}) > 1


def _together(runs: Sequence[Run], of: Callable[[Run], str]) -> list[list[Run]]:
    """Runs that have the same, in their order."""
    keys = dict.fromkeys(map(of, runs))
    return [[run for run in runs if of(run) == key] for key in keys]


def _values(runs: Sequence[Run], of: Callable[[Run], Any]) -> str:
    """`1, 4`: which run has which its inputs tell."""
    listed = [*dict.fromkeys(f"{value:,}" if isinstance(value, int) else str(value) for value in map(of, runs))]
    return ", ".join(listed if len(listed) <= 2 * FEW else [*listed[:FEW], "...", listed[-1]])


def _told(runs: Sequence[Run], of: Callable[[Run], str]) -> str:
    """`14 (a), 13 (b, c)`: of few runs with short labels which they are, of others how many."""
    by_value: dict[str, list[str]] = {}
    for run in runs:
        by_value.setdefault(of(run), []).append(run.label)
    if len(by_value) > 2 * FEW:
        return f"{len(by_value)} different ones"
    listed = _listed(runs)
    return ", ".join(
        f"{value} ({', '.join(labels) if listed else counted(len(labels), 'run')})"
        for value, labels in by_value.items()
    )


def _listed(runs: Sequence[Run]) -> bool:
    """Whether each is called by its label, as --baseline is."""
    return sum(len(run.label) for run in runs) <= SHORT and not any("," in run.label for run in runs)
