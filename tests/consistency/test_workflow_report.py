"""`snakemake --report`: one page with the study's figures, their captions and categories."""

import json
import re
import shutil
import subprocess

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

SHOWN = {"Result": ["calibration", "confusion", "report"], "Training": ["curves", "epochs"], "Data": ["examples"]}


@pytest.fixture(scope="module")
def page(built, tmp_path_factory):
    """The report of the study in its first state."""
    built.run("git", "checkout", "-q", "-f", "main")
    path = tmp_path_factory.mktemp("report") / "report.html"
    built.run("snakemake", "--report", str(path))
    return path


def embedded(page, name):
    """What the page's script called ``name`` assigns to its variable."""
    script = page.read_text().split(f'<script id="{name}">', 1)[1]
    return json.JSONDecoder().raw_decode(script.split(" = ", 1)[1])[0]


def test_the_report_has_every_figure_with_its_caption(page):
    results = embedded(page, "results")
    found = {
        category: sorted(results[path]["labels"]["shows"] for paths in parts.values() for path in paths)
        for category, parts in embedded(page, "categories").items()
    }
    assert found == SHOWN
    (curves,) = (result for result in results.values() if result["labels"]["shows"] == "curves")
    assert "adam at\n0.01" in curves["caption"], "the params of this study, not the defaults"
    assert '<h1 class="title">consistency</h1>' in embedded(page, "workflow-desc")


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium here")
def test_a_browser_shows_a_figure_beside_its_caption(page):
    visit = """
    <script>setTimeout(() => {
      const path = Object.keys(results).find(key => key.endsWith("confusion.png"));
      const file = {content: "img", contentPath: results[path].data_uri, resultPath: path};
      app.setView({navbarMode: "resultinfo", ...file});
    }, 200)</script>"""
    visited = page.with_name("visited.html")
    visited.write_text(page.read_text() + visit)
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]
    shown = subprocess.run([*browser, visited.as_uri()], capture_output=True, text=True, check=True, timeout=120).stdout
    app = shown.rpartition('<div id="app">')[2]
    assert re.search(r'<img[^>]+src="data:image/png', app)
    assert "what they were taken for" in app


def test_params_that_were_not_run_have_no_report(project):
    project.set(train__learning_rate=0.09)
    words = project.run("snakemake", "--report", "report.html", fails=True)
    assert "marked for report but does not exist" in words
    assert "Traceback" not in words
