import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from earmark.evaluation.findings import Finding
from earmark.evaluation.report import WORST, Report, confident_errors, headline, judged, probe_bars, render
from earmark.evaluation.scorecard import scorecard
from earmark.provenance import Provenance

FIGURES = {name: {"light": b"light", "dark": b"dark"} for name in ("confusion", "curves", "calibration", "examples")}


@pytest.fixture
def report(params, material, answers):
    training = {"epochs": 20, "parameters": {"trainable": 1234}}
    card = scorecard(params, material, answers, "m" * 20)
    probes = {"spectrum": {"balanced_accuracy": 0.61, "ci95": [0.5, 0.7]}}
    probed = {"chance": 0.333, "clips": 27, "grouped_by": "speaker", "folds": 5, "probes": probes}
    return Report(params, material, training, card, answers.head, probed, [Finding("warn", "beware of <b>tags</b>")])


@pytest.fixture
def page(report):
    return render(report, FIGURES, Provenance("evaluate", 1, "e" * 20))


def test_the_page_stands_alone(page):
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert len(sources) == 8
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"https?://|<script|@import|url\(", page)


def test_every_element_is_closed(page):
    class Balance(HTMLParser):
        open_tags: list[str]

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img", "source"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    parser = Balance()
    parser.open_tags = []
    parser.feed(page)
    assert parser.open_tags == []


def test_what_comes_from_data_is_escaped(page):
    assert "beware of &lt;b&gt;tags&lt;/b&gt;" in page
    assert "not audio: it starts with &lt;html&gt;" in page


def test_leaks_and_confounds_are_shown(page, report):
    assert "Leakage audit: clean" in page
    assert "mean spectrum only" in page
    assert [bar.name for bar in probe_bars(report.confounds, report.metrics)] == ["this model", "mean spectrum only"]


def test_the_page_says_what_matters(page, report):
    test = report.metrics["test"]
    assert f"{100 * test['balanced_accuracy']:.1f} %" in page
    assert f"{100 * test['ci95']['balanced_accuracy'][0]:.1f} %" in page
    for text in (report.params.digest(), "d" * 20, "m" * 20, "e" * 20, "snakemake --cores all", "bootstrap: 200"):
        assert text in page


def test_the_same_report_is_the_same_page(page, report):
    assert render(report, FIGURES, Provenance("evaluate", 1, "e" * 20)) == page


def test_the_headline_puts_the_model_beside_its_baselines(report):
    bars = headline(report.metrics)
    assert [bar.name for bar in bars] == ["this model", "logistic regression", "most frequent class"]
    assert bars[0].ours and bars[0].interval == report.metrics["test"]["ci95"]["balanced_accuracy"]
    assert bars[2].interval is None


def test_external_sets_stand_beside_the_test_set(report):
    metrics = report.metrics | {"external": {"phone": report.metrics["val"]}}
    assert [bar.name for bar in headline(metrics)][1] == "this model, phone"
    assert list(judged(metrics)) == ["test", "validation (chose the epoch)", "external: phone"]
    assert "<td>external: phone</td>" in render(replace(report, metrics=metrics), FIGURES, Provenance("e", 1, "e" * 20))


def test_errors_come_most_confident_first(answers):
    errors = confident_errors(answers.reference)
    assert len(errors) == WORST
    assert all(row["label"] != row["predicted"] and row["split"] == "test" for row in errors)
    confidences = [row["confidence"] for row in errors]
    assert confidences == sorted(confidences, reverse=True)
