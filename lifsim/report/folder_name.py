"""The default folder of a run: reports/ and a name made from the inputs and the options that differ from their
defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lifsim.config.given_rates import in_short
from lifsim.lazy_dataclass import dataclass
from lifsim.placing import fitting
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result


@dataclass(frozen=True)
class Said:
    """The inputs as the user named them. name: of a configuration that is run again; arch, workload, dram: names or
    files; settings: of --set, KEY=VALUE."""

    name: str | None = None
    arch: str | None = None
    workload: str | None = None
    dram: str | None = None
    settings: tuple[str, ...] = ()


def default_folder(result: Result, said: Said = Said()) -> Path:
    """reports/NAME in the current folder."""
    return Path("reports") / fitting("-".join(_parts(result, said)))


def _parts(result: Result, said: Said) -> Iterator[str]:
    if said.name is not None:
        yield said.name
    else:
        yield _bare(said.workload) if said.workload else result.network.name
        yield _bare(said.arch) if said.arch else result.arch.name
        yield str(result.sharing)
        yield from _of_options(result.options)
    if said.dram is not None:
        yield _bare(said.dram)
    yield from _of_settings(said.settings)


def _of_options(options: Options) -> Iterator[str]:
    """A word for each option that differs from its default, in the order of the documentation."""
    usual = Options(mode=options.mode)
    for name in Options.model_fields:
        value = getattr(options, name)
        if value == getattr(usual, name) and name != "mode":
            continue
        match name:
            case "batch":
                if value != usual.batch_of():
                    yield f"batch{value}"
            case "mode":
                if value == "training":
                    yield f"training-{options.bptt}"
            case "bptt":
                pass  # beside the mode
            case "seed" | "chunk":
                yield f"{name}{value}"
            case "rate":
                yield in_short(value)
            case "rates_scale":
                yield f"rates{value:g}"
            case "exit_steps":
                yield f"exits{value.replace(':', 'x').replace(',', '+')}"
            case "exit_confidence":
                yield f"sure{value:g}"
            case "groups":
                yield f"groups={'+'.join(value)}"
            case "trace" | "weights" | "images":
                yield Path(str(value)).stem
            case _:
                yield str(value)


def _of_settings(settings: Sequence[str]) -> Iterator[str]:
    """The last two parts of each key, with its last value: weight.size_bytes=64KiB."""
    last: dict[str, str] = {}
    for one in settings:
        key, _, value = one.partition("=")
        last[key.strip()] = value.strip()
    for key, value in last.items():
        yield f"{'.'.join(key.split('.')[-2:])}={value}"


def _bare(name: str) -> str:
    return Path(name).name.removesuffix(".yaml")
