"""Is what the site is made of whole: chapters, links, drawings, commands that draw?"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tests.checkout import ROOT

pytest.importorskip("mkdocs", reason="the site needs mkdocs: the extra docs")
DOCS = ROOT / "docs"


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The modules of docs/hooks, as mkdocs imports them."""
    monkeypatch.syspath_prepend(str(DOCS / "hooks"))
    names = ("chapters", "links", "drawings", "pictures", "cli_pages", "api_page")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return {name: __import__(name) for name in names}


def _plain(text: str) -> list[str]:
    """Words, without the marks of headings and of links between chapters."""
    return re.sub(r"\[([Ss]ection \d+)\]\([^)]*\)", r"\1", re.sub(r"^#+ ", "", text, flags=re.MULTILINE)).split()


def test_chapters_are_the_model_word_for_word(hooks: dict[str, ModuleType]) -> None:
    pages = hooks["chapters"].pages(str(DOCS))
    index, *chapters = pages.values()
    source = (DOCS / "model.md").read_text(encoding="utf-8")
    assert len(chapters) == len(re.findall(r"^## \d+\.", source, re.MULTILINE)) == 13
    before = source.partition("\n## 1. ")[0]
    assert index.startswith(before.rstrip())
    assert [word for text in chapters for word in _plain(text)] == _plain(source)[len(_plain(before)) :]


def test_every_heading_of_the_model_is_in_its_chapter(hooks: dict[str, ModuleType]) -> None:
    places = hooks["chapters"].places(str(DOCS))
    assert places["neurons"] == "model/2-lif-neurons-and-sharing.md"
    assert places["7-dram-burst-by-burst"] == "model/7-dram-burst-by-burst.md"
    assert places["early-exit"] == "model/5-schedules-and-dram-traffic.md"
    headings = re.findall(r"^#{2,4} (.+)$", (DOCS / "model.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(places) == len(set(headings)) + 2


def test_a_section_is_a_link_but_in_code(hooks: dict[str, ModuleType]) -> None:
    names = {3: "model/3-array.md"}
    linked = hooks["chapters"]._linked("# Section 3\n\nsee section 3, `section 3`, section 9\n\n    section 3\n", names)
    assert linked == "# Section 3\n\nsee [section 3](3-array.md), `section 3`, section 9\n\n    section 3\n"


@pytest.mark.parametrize(
    ("page", "written", "led"),
    [
        ("sweeps.md", "[m](model.md#neurons)", "[m](model/2.md#neurons)"),
        ("howto/x.md", "[m](../model.md#neurons)", "[m](../model/2.md#neurons)"),
        ("howto/x.md", "[m](../model.md)", "[m](../model/index.md)"),
        ("model/2.md", "[v](validation.md), [x](#sharing)", "[v](../validation.md), [x](3.md#sharing)"),
        ("model/2.md", "[s](3.md), [n](#neurons)", "[s](3.md), [n](2.md#neurons)"),
        ("extending.md", "[extending/broadcast](extending/broadcast)", "`extending/broadcast`"),
        ("index.md", "[a](notebooks/a.ipynb)", "[a](notebooks/a.md)"),
        ("notebooks/a.md", "[Download it](a.ipynb), [b](b.ipynb)", "[Download it](a.ipynb), [b](b.md)"),
        ("validation.md", "[x.csv](../tests/x.csv)", "x.csv (`tests/x.csv`)"),
        ("python.md", "[o](https://a.org/model.md#neurons)", "[o](https://a.org/model.md#neurons)"),
        ("python.md", "`[c](model.md)`", "`[c](model.md)`"),
    ],
)  # fmt: skip
def test_links_lead_to_where_things_are(hooks: dict[str, ModuleType], page: str, written: str, led: str) -> None:
    places = {"": "model/index.md", "neurons": "model/2.md", "sharing": "model/3.md"}
    assert hooks["links"].led(written, page, places) == led


def test_a_figure_stands_above_the_command_that_draws_it(hooks: dict[str, ModuleType]) -> None:
    text = "*Words of `a`.*\n\n    lifsim plot roofline \\\n        --out figures/a.png\n    lifsim run\n\nMore.\n"
    assert hooks["pictures"].commands(text) == [["lifsim", "plot", "roofline", "--out", "figures/a.png"]]
    figure = (
        '<figure markdown="1">\n\n[![Words of a.](figures/a.png){ width="336" }](figures/a.png "by itself")\n\n'
        '<figcaption markdown="span">Words of `a`. [The numbers](figures/a.csv)</figcaption>\n\n</figure>\n\n'
    )
    pictures, widths = hooks["pictures"], {"figures/a.png": 336}
    assert pictures.shown(text, "gallery.md", widths) == text.replace("*Words of `a`.*\n\n", figure)
    assert pictures.shown(text, "sweeps.md", widths) == text
    bare = pictures.shown(text.partition("\n\n")[2], "gallery.md", {})
    assert bare.startswith('<figure markdown="1">\n\n[![a](figures/a.png)](figures/a.png "by itself")')


def test_every_figure_has_a_caption() -> None:
    for page in ("index.md", "gallery.md"):
        lines = (DOCS / page).read_text(encoding="utf-8").split("\n")
        drawing = [place for place, line in enumerate(lines) if line.startswith("    lifsim plot ")]
        assert len(drawing) >= 4
        assert [lines[place] for place in drawing if not lines[place - 2].endswith("*")] == []


def test_a_command_that_fails_ends_the_build(hooks: dict[str, ModuleType], tmp_path: Path) -> None:
    lines = json.dumps([["lifsim", "plot", "sweep", "absent", "--x", "array.rows"]])
    with pytest.raises(RuntimeError, match="no such store"):
        hooks["pictures"]._draw(lines, tmp_path, DOCS)


def test_what_has_not_changed_is_made_once(
    hooks: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody writes, `mkdocs serve` builds again and again."""
    made: list[str] = []
    monkeypatch.setattr(hooks["pictures"], "_run", lambda path: made.append(path.stem) or path.stem)
    monkeypatch.setattr(hooks["pictures"], "_draw", lambda lines, folder, _: made.append(lines) or folder)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").write_text("{}")
    first, second = hooks["pictures"].PAGES
    (tmp_path / first).write_text("    lifsim plot roofline\n")
    (tmp_path / second).write_text("    lifsim plot fig1\n")
    work = hooks["pictures"].Work()
    for _ in range(2):
        work.begin(str(tmp_path))
        assert work.notebook(tmp_path / "notebooks" / "a.ipynb") == "a"
        assert work.figures() == {}
        assert sorted(made) == ['[["lifsim", "plot", "fig1"]]', '[["lifsim", "plot", "roofline"]]', "a"]
    (tmp_path / second).write_text("    lifsim plot fig7\n")
    work.begin(str(tmp_path))
    work.figures()
    assert len(made) == 4


def test_the_drawings_are_those_of_their_script(hooks: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    drawn = __import__("draw_machine").drawings()
    assert set(drawn) == set(hooks["drawings"].DRAWINGS)
    for name, svg in drawn.items():
        assert (DOCS / "images" / name).read_text(encoding="utf-8") == svg
        assert f'<div class="drawing">{svg.strip()}</div>' == hooks["drawings"].inline(
            f"![x](images/{name})", str(DOCS)
        )


def test_help_that_looks_like_markup_is_text(hooks: dict[str, ModuleType]) -> None:
    assert hooks["cli_pages"]._text("a_b <c> [d]") == "a\\_b \\<c\\> \\[d\\]"
    assert hooks["cli_pages"]._cell("none|gate\nskip") == "none\\|gate skip"
    option = "<code>--to</code> <code>a&#124;<wbr>&lt;b&gt;</code>"
    assert hooks["cli_pages"]._code("--to a|<b>") == option


def test_a_page_outside_the_navigation_ends_the_build() -> None:
    """But for the one that is left out on purpose; the report's is among what one does."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert config["strict"]
    assert config["validation"]["nav"] == {"omitted_files": "warn"}
    assert config["not_in_nav"].split() == ["/samples/README.md"]
    (to_do,) = (below["How to"] for below in config["nav"] if "How to" in below)
    assert "report.md" in [page for one in to_do for page in one.values()]
    assert "(report.md)" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_the_page_of_the_api_has_no_rules_among_the_members(hooks: dict[str, ModuleType]) -> None:
    (text,) = hooks["api_page"].pages().values()
    entry = text.partition("heading: lifsim.Options\n")[2].partition(":::")[0]
    filters = json.loads(entry.partition("filters: ")[2].splitlines()[0])
    assert filters[0] == "!^_"
    hidden = [name.removeprefix("!") for name in filters]
    rules = ("auto_alone_searches", "rates_are_read")
    assert all(any(re.search(one, name) for one in hidden) for name in rules)
    assert not any(re.search(one, name) for one in hidden for name in ("batch_of", "tree", "exit_options"))


def test_blocks_of_commands_are_wrapped() -> None:
    style = (DOCS / "site.css").read_text(encoding="utf-8")
    assert ".highlight:not(:has(.go)) pre > code { white-space: pre-wrap;" in style
