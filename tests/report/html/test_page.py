"""Is the page one file that is safe to open, not too large, and does it begin with the answer?"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

import lifsim
from lifsim.report.compare.gather import gathered
from lifsim.report.html.answer import Answer
from lifsim.report.html.beside import Beside
from lifsim.report.html.embed import as_script_data
from lifsim.report.html.inputs import Given
from lifsim.report.html.page import MOST_APART, SCRIPTS, page
from lifsim.report.html.told import Told
from lifsim.report.summary import Around
from lifsim.simulate.inputs import load_inputs
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.sweeps.rates_range import rates_range
from tests.report.html.conftest import BREAKS, HOSTILE

ASSETS = Path(str(files("lifsim.report.html"))) / "assets"
MOST_BYTES = 5_000_000


def without_scripts(found: str) -> str:
    return re.sub(r"<script.*?</script>|<style>.*?</style>", "", found, flags=re.DOTALL)


@pytest.mark.parametrize("text", [HOSTILE + BREAKS, "</SCRIPT >", "<!--", "]]>", "\u2028"])
def test_data_is_no_markup(text: str) -> None:
    made = as_script_data({text: [text]})
    assert json.loads(made) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(made)


def test_what_json_has_no_number_for_is_no_data() -> None:
    with pytest.raises(ValueError, match="JSON"):
        as_script_data([float("nan")])


def test_no_hostile_text_is_markup(hostile: Told, renamed: Told) -> None:
    for told in (hostile, renamed):
        found = page([told])
        assert HOSTILE not in found
        assert "<img" not in without_scripts(found)
        assert found.count("<script") == found.count("</script>") == 3
        assert not set("\x1b\u202e\u2028") & set(found)


def test_it_names_no_place_that_it_could_ask(shared: Told) -> None:
    found = page([shared])
    markup = without_scripts(found)
    assert re.findall(r"(?:src|href|action|srcset|poster)\s*=\s*(\S+)", markup) == ['"data:,">', '"#main">To']
    assert "default-src 'none'" in markup
    assert "url(" not in (ASSETS / "report.css").read_text(encoding="utf-8")
    own = [(ASSETS / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    assert sorted(path.stem for path in (ASSETS / "js").iterdir()) == sorted(SCRIPTS)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", "".join(own))


def test_the_charting_library_is_the_one_that_its_readme_names() -> None:
    folder = ASSETS / "echarts"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((folder / "echarts.min.js").read_bytes()).hexdigest() in text
    version = re.search(r"\| version \| ([0-9.]+) \|", text)
    assert version is not None
    assert f'version="{version[1]}"' in (folder / "echarts.min.js").read_text(encoding="utf-8")
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert (folder / "NOTICE").exists()


def test_the_answer_of_a_shared_run_says_what_is_sharings_own(shared: Told) -> None:
    answer = Answer.of(shared)
    assert answer.title == "lenet5_mnist on sata128, sharing channel2"
    assert "takes 453,126 cycles (1.133 ms), 156.6 uJ and 99.44 KiB of DRAM traffic." in answer.sentence
    own = "Sharing by itself, against none with as few LIF units (64 of 128): energy -0.004 %, LIF memory -50.0 %"
    assert own in answer.sentence
    cards = {card.name: dict(card.changes) for card in answer.cards}
    assert cards["Cycles"] == {"none, alike": "=", "none, as it is": "+0.8 %"}
    assert cards["LIF memory"] == {"none, alike": "-50.0 %", "none, as it is": "-50.0 %"}
    assert answer.steps[0].says == "sharing's own, none alike"
    assert answer.decides == ("idle LIF units toggle: 2.6% of the energy; a clock gate saves it",)


def test_the_answer_of_training_says_of_which_lif_memory_its_change_is() -> None:
    given = {"mode": "training", "bptt": "reversed"}
    result, comparison = run_beside_baseline(load_inputs("sata_training", "lenet5_mnist", "channel2", given))
    answer = Answer.of(Told.of_result("run", result, Around(comparison)))
    changes = {card.name: dict(card.changes)["none, alike"] for card in answer.cards}
    assert changes["LIF memory"] != changes["LIF memory, backward"]
    assert f", backward LIF memory {changes['LIF memory, backward']}" in answer.sentence
    assert answer.sentence.count("LIF memory") == 1


def test_the_answer_stands_first(shared: Told) -> None:
    body = page([shared]).partition("<main")[2]
    places = [body.index(words) for words in ("<h1>", 'class="answer"', 'class="cards"', 'class="decides"', "<figure")]
    assert places == sorted(places)


def test_rates_that_are_assumed_say_what_they_leave_open() -> None:
    inputs = load_inputs("sata128", "lenet5_mnist", "none", {"rate": ("0.2",)})
    result = lifsim.run("sata128", "lenet5_mnist", rate=0.2)
    around = Around(rates=rates_range(inputs, result))
    (line,) = [one for one in Answer.of(Told.of_result("run", result, around)).decides if one.startswith("spike rates")]
    assert re.fullmatch(r"spike rates are assumed: at half of them .+; at twice of them .+", line)


def test_every_source_of_a_cost_is_told(shared: Told) -> None:
    told = dict(Given.of(shared).sources.rows)
    assert list(told) == [
        *("costs of SRAM", "costs of logic", "costs of DRAM", "timings of the DRAM", "energy of the DRAM"),
        *("network", "spikes"),
    ]
    assert all(shared.tree["prices"][part]["source"] in told[f"costs of {part}"] for part in ("SRAM", "logic", "DRAM"))
    found = page([shared])
    for words in ("CACTI 7", "SATA_Sim&#39;s synthesis at 400 MHz", "DRAMsim3", "Prosperity"):
        assert words in found
    keys = re.findall(r'<th scope="row">(buffers\.weight\.size_bytes|array\.rows)</th>\s*<td>([^<]+)</td>', found)
    assert dict(keys) == {"buffers.weight.size_bytes": "144 KiB", "array.rows": "16"}


def test_several_runs_are_told_like_with_like(shared: Told, folder: Path) -> None:
    compared = gathered([folder, shared.result, lifsim.run("sata128", "lenet5_mnist")], None, None, ()).compared()
    beside = Beside.of(compared)
    assert beside.warnings == compared.unlike
    assert any("LIF units" in line for line in beside.warnings)
    none = compared.runs[2].label
    assert f"Cycles: least under {none}, 449,624; the others up to +0.8 %." in beside.sentence
    assert "DRAM traffic: the same in all runs, 99.44 KiB." in beside.sentence
    assert beside.sentence.startswith("The runs are not alike: see below. Cycles: least under ")
    values = {line.name: line.cells for line in beside.figures.lines}
    assert values["cycles, total"] == (("453,126", ""), ("453,126", "="), ("449,624", "-0.8 %"))
    told = [replace(shared, label=run.label) for run in compared.runs]
    found = page(told, beside)
    assert found.index("Not alike") < found.index("The runs beside each other") < found.index('class="run"')


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ({"mode": "training"}, "different modes: none is better"),
        ({"workload": "vgg9_cifar10"}, "different networks: none is better"),
        ({"workload": "vgg9_cifar10", "mode": "training"}, "different networks and modes: none is better"),
    ],
)
def test_runs_of_other_work_are_not_ranked(shared: Told, given: dict[str, str], other: str) -> None:
    result = lifsim.run(**{"workload": "lenet5_mnist", **given}, batch=1)  # type: ignore[arg-type]
    beside = Beside.of(gathered([shared.result, result], None, None, ()).compared())
    assert other in beside.sentence
    assert "least" not in beside.sentence


def test_keys_that_are_not_shown_are_told_in_words(shared: Told) -> None:
    other = lifsim.run("sata_training", "lenet5_mnist")
    beside = Beside.of(gathered([shared.result, other], None, None, ()).compared())
    (line,) = (note for note in beside.notes if note.startswith("inputs differ in keys that are not shown, too: "))
    assert re.search(r"\d+ of components and what they cost", line)
    assert line.endswith("(comparison.csv has them)")
    assert "components." in beside.csv.splitlines()[0]


def test_words_are_those_of_people_and_options_those_that_are_read(shared: Told) -> None:
    found = without_scripts(page([shared]))
    assert "array work</td>" in found
    assert not re.search(r">(compute|writeback)</td>", found)
    options = {str(key): str(value) for key, value in Given.of(shared).options.rows}
    assert not {"bptt", "objective"} & set(options)
    assert options["spikes"] == "those of the workload"
    result = lifsim.run("sata_training", "lenet5_mnist", mode="training", batch=1)
    trained = dict(Given.of(Told.of_result("run", result)).options.rows)
    assert trained["bptt"] == "stored"
    beside = Beside.of(gathered([shared.result, result], None, None, ()).compared())
    values = {line.name: [text for text, _ in line.cells] for line in beside.figures.lines}
    assert values["cycles, bound by"][0] == "array work"


def test_a_page_names_files_and_not_the_folders_that_they_are_in(shared: Told) -> None:
    said = ["/home/somebody/project/net.yaml:3:1 layers: must be some", r"C:\Users\somebody\net.yaml: must be there"]
    told = replace(shared, tree={**shared.tree, "notes": [*said, "12 pJ/access, a/b, https://example.org/a/b"]})
    found = without_scripts(page([told]))
    assert "<li>net.yaml:3:1 layers: must be some</li>" in found
    assert "<li>net.yaml: must be there</li>" in found
    assert "12 pJ/access, a/b, https://example.org/a/b" in found
    assert "somebody" not in found


def test_of_many_runs_the_comparison_alone_is_told(shared: Told) -> None:
    compared = gathered([shared.result] * (MOST_APART + 1), None, None, ()).compared()
    beside = Beside.of(compared)
    assert len(beside.figures.lines) == MOST_APART + 1
    assert beside.figures.heads[::5] == ("cycles, total", "LIF memory, forward")
    assert len(beside.figures.lines[0].cells) == len(beside.figures.heads) == 6
    found = page([], beside)
    assert f"Of {MOST_APART + 1} runs the comparison alone is told" in found
    assert 'class="run"' not in found


@pytest.mark.slow
def test_ten_runs_fit() -> None:
    results = [lifsim.run(sharing="channel4", schedule=schedule) for schedule in ("tick", "timestep")] * 5
    compared = gathered(results, None, None, ()).compared()
    told = [Told.of_result(run.label, result) for run, result in zip(compared.runs, results, strict=True)]
    assert len(page(told, Beside.of(compared)).encode()) < MOST_BYTES


@pytest.mark.slow
def test_a_large_network_fits() -> None:
    result = lifsim.run(workload="resnet19_imagenet100", sharing="layer", schedule="timestep")
    assert len(page([Told.of_result("large", result)]).encode()) < MOST_BYTES / 3
