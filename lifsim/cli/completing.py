"""What a shell completes after an option: click calls these functions with what has been typed so far.

Nothing here may fail or print: what cannot be read has no names to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from lifsim.config import defaults
from lifsim.errors import InputError

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from lifsim.config.resolve import Kind

Completer = Callable[["click.Context", "click.Parameter", str], list["CompletionItem"]]
Names = Callable[["click.Context"], Iterable[str]]

SHARINGS = ("none", "layer", "channel2", "channel4", "channel8", "layer+channel2", "layer+channel4", "layer+channel8")


def _completer(names: Names, *, files: bool = False, behind: str = "") -> Completer:
    """Completes one of the `names`, or several separated by commas. files: paths are offered if no name begins like
    the text. behind: what follows a name that is incomplete by itself."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        with suppress(InputError, OSError):
            found = [name for name in names(ctx) if name.startswith(last)]
            if found:
                return [CompletionItem(f"{before}{comma}{name}{behind}") for name in found]
        return [CompletionItem(incomplete, type="file")] if files else []

    return complete


def _known(kind: Kind) -> Names:
    def names(_ctx: click.Context) -> Iterable[str]:
        from lifsim.config.resolve import available

        return available(kind)

    return names


def _listed(ctx: click.Context) -> Iterable[str]:
    """Completes names of the kind of files that the command lists."""
    from lifsim.config.resolve import available

    kinds: dict[str, Kind] = {"archs": "arch", "workloads": "workload", "drams": "dram"}
    what = _argument(ctx, "what")
    return available(kinds[what]) if what in kinds else ()


def _registered(kind: str) -> Names:
    def names(_ctx: click.Context) -> Iterable[str]:
        from lifsim.registry import registry_of

        return registry_of(kind)

    return names


def _options_of(name: str) -> Names:
    """The values of an option of runs that has a few by name."""

    def names(_ctx: click.Context) -> Iterable[str]:
        from lifsim.simulate.options import SCHEDULES, Options

        return SCHEDULES if name == "schedule" else get_args(Options.model_fields[name].annotation)

    return names


def _one_of(*names: str) -> Names:
    return lambda _ctx: names


def _data_sets(_ctx: click.Context) -> Iterable[str]:
    from lifsim.engine.data import SHIPPED

    return SHIPPED


def _figures(_ctx: click.Context) -> Iterable[str]:
    from lifsim.sweeps.outcome import figure_names

    return figure_names()


def _columns(ctx: click.Context) -> Iterable[str]:
    """The columns of the store that the command names."""
    from lifsim.sweeps.store import Store

    named = _argument(ctx, "path")
    if named is None:
        return []
    with Store.read(Path(named)) as store:
        return store.columns() if store.count else []


def _argument(ctx: click.Context, name: str) -> str | None:
    """The argument `name`, the first of its command: click has parsed it only where no option waits for its value."""
    found = ctx.params.get(name) or next(iter(ctx.args), None)
    return None if found is None else str(found)


def _layers(ctx: click.Context) -> Iterable[str]:
    """Weight layers of the workload that the command names."""
    from lifsim.config.workload import load_workload

    return [layer.name for layer in load_workload(ctx.params.get("workload") or defaults.WORKLOAD).layers]


def _operands(ctx: click.Context) -> Iterable[str]:
    """The operands, in the workload that the command names, that may be given a rate."""
    from lifsim.config.given_rates import reading_spikes
    from lifsim.config.workload import load_workload

    named = str(ctx.params.get("workload") or defaults.WORKLOAD).split(",")[0]
    return [one.name for one in reading_spikes(load_workload(named))]


def _keys(ctx: click.Context) -> Iterator[str]:
    """The keys of the input files that the command takes: those in the files it names, and those that are possible."""
    from lifsim.config.leaf_keys import leaf_keys
    from lifsim.config.workload_schema import Workload
    from lifsim.model.arch import Arch
    from lifsim.model.dram import DramSpec

    named = ctx.params
    asked = {parameter.name or "" for parameter in ctx.command.params}
    files: list[tuple[Kind, Any, object]] = []
    if "arch" in asked:
        files.append(("arch", Arch, named.get("arch") or defaults.arch_for(named.get("mode"))))
    if asked & {"workload", "name"}:
        files.append(("workload", Workload, named.get("workload") or _argument(ctx, "name") or defaults.WORKLOAD))
    if not files:
        files.append(("dram", DramSpec, named.get("dram")))
    keys = (
        key for kind, model, name in files for key in (*_keys_of_file(kind, str(name).split(",")[0]), *leaf_keys(model))
    )
    yield from dict.fromkeys(keys)


def _keys_of_file(kind: Kind, name: str) -> Iterator[str]:
    from lifsim.config.document import read_document
    from lifsim.config.resolve import find
    from lifsim.config.workload import read_workload

    with suppress(InputError):
        document = read_workload(name) if kind == "workload" else read_document(find(kind, name))
        yield from _leaves(document.data)


def _leaves(data: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of single values; entries of a list are called by their names."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(data, list) and data and all(isinstance(one, dict) and "name" in one for one in data):
        for one in data:
            yield from _leaves({key: value for key, value in one.items() if key != "name"}, f"{prefix}.{one['name']}")
    elif prefix:
        yield prefix


def settings(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """KEY=VALUE: a key, and behind it the names that it can have."""
    key, equals, _ = incomplete.partition("=")
    if not equals:
        return _completer(_keys, behind="=")(ctx, parameter, incomplete)
    names = _VALUES.get(key.strip())
    if names is None:
        return []
    values = _completer(names)(ctx, parameter, incomplete[len(key) + 1 :])
    from click.shell_completion import CompletionItem

    return [CompletionItem(f"{key}={one.value}") for one in values]


_VALUES: dict[str, Names] = {
    "array.dataflow": _registered("dataflow"),
    "array.sparsity": _registered("sparsity"),
    "accounting": _registered("accounting"),
    "optimizer.name": _registered("optimizer"),
    "dram.model": _registered("memory"),
    "dram.device": _known("dram"),
    "neuron.model": _registered("neuron"),
}

archs = _completer(_known("arch"), files=True)
workloads = _completer(_known("workload"), files=True)
drams = _completer(_known("dram"), files=True)
sharings = _completer(_one_of(*SHARINGS))
schedules = _completer(_options_of("schedule"))
objectives = _completer(_options_of("objective"))
chunks = _completer(_one_of("auto"))
modes = _completer(_options_of("mode"))
keepings = _completer(_registered("keeping"))
optimizers = _completer(_registered("optimizer"))
spike_sources = _completer(_options_of("spikes"))
weights = _completer(_one_of("calibrated"), files=True)
images = _completer(lambda ctx: ("random", *_data_sets(ctx)), files=True)
data_sets = _completer(_data_sets, files=True)
figures = _completer(_figures)
columns = _completer(_columns)
copied = _completer(_listed, files=True)
layers = _completer(_layers)
layers_of_rates = _completer(_operands, behind="=")
