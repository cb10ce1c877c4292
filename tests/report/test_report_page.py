"""The report as a reader opens it: in a browser, without network, every entry of its menu clicked.

Of the tiny study; with XSTILTS_DEMO set of the demo, which is run and published for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.study import ROOT, Study
from playwright.sync_api import Frame, Page, sync_playwright

pytestmark = pytest.mark.xdist_group("report")
README = ROOT / "README.md"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CATEGORIES = {
    "1 Answer": 4,
    "2 Robustness": 7,
    "3 Degradation": 4,
    "4 Similarity": 3,
    "5 Scores": 1,
    "6 Training": 1,
    "7 Cost and provenance": 2,
}


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study's report, or the site that is made of the demo."""
    if "XSTILTS_DEMO" in os.environ:
        subprocess.run(["make", "demo", "publish"], cwd=ROOT, check=True)
        return ROOT / "site/index.html"
    finished: Study = request.getfixturevalue("finished")
    study = finished.copy(tmp_path_factory.mktemp("report") / "checkout")
    for name in ("report.html", "report.zip"):
        result = study.snakemake("--report", name)
        assert result.returncode == 0, result.stderr[-2000:]
    return study.folder / "report.html"


class Reader:
    """A browser page, and what it has complained of and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open_category(self, name: str) -> int:
        """Show a category's table beside the first page; how many entries it has."""
        self.page.reload()  # or what was shown before would pass for the next entry
        self.page.get_by_text(name, exact=True).first.click()
        self.page.locator("table tbody tr").first.wait_for()
        return self.page.locator("table tbody tr").count()

    def shown(self, entry: int) -> Frame | Any:
        """Click an entry's eye; the image, or the frame that it shows."""
        self.page.locator("table tbody tr").nth(entry).locator("a").first.click()
        content = self.page.locator("div.grow img, iframe").first
        content.wait_for()
        return content


@pytest.fixture(scope="module")
def reader(report: Path) -> Iterator[Reader]:
    """The report, opened."""
    if not CHROMIUM:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(offline=True, viewport={"width": 1600, "height": 1000})
        reader = Reader(context.new_page())
        reader.page.goto(report.as_uri())
        yield reader
        browser.close()


def test_the_first_page_answers(reader: Reader) -> None:
    text = reader.page.locator("body").inner_text()
    for title in (
        "The answer",
        "What it rests on",
        "What was read",
        "What was not run",
        "What threatens it",
    ):
        assert title in text
    assert "between languages" in text.lower()
    assert "System Message" not in text  # what docutils writes of a mistake
    assert reader.page.locator("div.prose svg").count() == 1


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_entry_of_the_menu_shows_something(reader: Reader, category: str) -> None:
    assert reader.open_category(category) == CATEGORIES[category]
    for at in range(CATEGORIES[category]):
        reader.open_category(category)
        content = reader.shown(at)
        if content.evaluate("element => element.tagName") == "IMG":
            assert content.evaluate("element => element.naturalWidth") > 100
        else:
            frame = content.content_frame
            frame.locator("table, .vega-embed canvas, .vega-embed svg").first.wait_for()


def test_nothing_leaves_the_page_and_nothing_complains(reader: Reader) -> None:
    assert reader.requests and not reader.errors
    assert {url.split(":")[0] for url in reader.requests} <= {"file", "data", "blob"}


def test_the_archive_holds_the_page_and_every_result(report: Path) -> None:
    with zipfile.ZipFile(report.with_name("report.zip")) as archive:
        names = archive.namelist()
    assert "report/report.html" in names
    shown = [name for name in names if name.endswith((".svg", ".html"))]
    assert len(shown) == 1 + sum(CATEGORIES.values())


def test_the_site_has_figures_tables_and_graph(report: Path) -> None:
    if report.name != "index.html":
        pytest.skip("only the demo is published: set XSTILTS_DEMO")
    site = report.parent
    for figure in site.glob("figures/*.svg"):
        assert figure.with_suffix(".csv").is_file(), figure
    assert len([*site.glob("figures/*.svg")]) == 14
    assert {"cells.parquet", "claims.csv", "answer.txt"} <= {
        path.name for path in site.glob("tables/*")
    }
    assert "plot_degradation" in (site / "rulegraph.mmd").read_text(encoding="utf-8")


def test_the_readme_quotes_the_demos_answer(report: Path) -> None:
    if report.name != "index.html":
        pytest.skip("only the demo is quoted: set XSTILTS_DEMO")
    answer = (report.parent / "tables/answer.txt").read_text(encoding="utf-8")
    quoted = re.findall(r"^- (.* points .*)[;.]$", README.read_text(encoding="utf-8"), re.M)
    assert len(quoted) == 7
    assert [line for line in quoted if line not in answer] == []
