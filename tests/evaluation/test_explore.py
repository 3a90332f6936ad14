import re
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.explore import explore
from earmark.provenance import read_record

IMAGE = np.zeros((40, 50), np.uint8)


def show(study, output, **changes):
    arguments = {"params": study.params, "prepared": study.prepared, "confounds": study.confounds}
    arguments |= {"mels": [study.mel_path(shard) for shard in study.shards], "locate": study.recordings.path}
    explore(**{**arguments, **changes}, output=output, provenance=study.provenance("explore"))
    return (output / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    output = tmp_path_factory.mktemp("explored") / "exploration"
    show(study, output)
    return output


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text(encoding="utf-8")


def test_the_folder_holds_the_page_and_its_provenance(folder, study):
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "provenance.json"]
    assert read_record(folder)["key"] == study.exploration_key


def test_the_page_stands_alone(page):
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert all(re.match(r"data:(image/(png|webp)|audio/mpeg);base64,", source) for source in sources)
    assert not re.search(r"https?://|<script|@import|url\(", page)
    assert len(page) < 5e6


def test_every_element_is_closed(page):
    class Balance(HTMLParser):
        open_tags: list[str]

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img", "source", "br"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    parser = Balance()
    parser.open_tags = []
    parser.feed(page)
    assert parser.open_tags == []


def test_the_page_tells_what_there_is(page, study):
    for text in (
        *("<b>60</b>clips", "<b>15</b>speakers", "<b>3</b>classes", "clips.csv", "Every usable clip"),
        *("Not stated: gender, age, accent", "Classes and splits", "Leakage audit: clean", "quietest frames only"),
        *("Quarantine: 1 rows not used", "Before you train on it", "No gender is stated"),
        *(study.prepare_key, study.exploration_key),
    ):
        assert text in page


def test_each_class_can_be_seen_and_heard(page):
    assert page.count("<audio controls") == page.count('class="card"') == 6
    for label in ("high", "low", "middle"):
        assert page.count(f"<b>{label}</b>") == 2


def test_without_the_recordings_there_are_no_players(study, tmp_path):
    page = show(study, tmp_path / "silent", locate=lambda name: Path("/nowhere") / name)
    assert "<audio" not in page
    assert page.count('class="card"') == 6
    assert "There are no players" in page


def test_a_study_of_windows_shows_the_first_and_says_so(cut_study, tmp_path):
    page = show(cut_study, tmp_path / "cut")
    assert "as the network sees it, after trimming, the first of its windows (pitch classes; there are mel too)" in page
    assert page.count("<audio") == 6


def test_twice_is_the_same_bytes(page, study, tmp_path):
    assert show(study, tmp_path / "again") == page


def test_missing_images_leave_no_folder(study, tmp_path):
    with pytest.raises(EarmarkError, match=r"mel shards: 6 clips are missing"):
        show(study, tmp_path / "none", mels=[])
    assert not (tmp_path / "none").exists()


def test_a_folder_without_a_catalogue_is_refused(study, tmp_path):
    prepared = tmp_path / "prepared"
    copytree(study.prepared, prepared)
    (prepared / "catalogue.parquet").unlink()
    with pytest.raises(EarmarkError, match="earmark prepare"):
        show(study, tmp_path / "none", prepared=prepared)


def clip(i, label, fate, **columns):
    speaker = f"{label}{i % 7}"
    return {"clip_id": f"{label}{i}", "path": "x.wav", "label": label, "speaker": speaker, "fate": fate, **columns}


def test_a_selection_is_shown_before_and_after(study, surveyed, tmp_path, monkeypatch):
    """Clips with votes, gender, age and accent, of which rules left some out."""
    monkeypatch.setattr("earmark.evaluation.examples.images", lambda mels, names: dict.fromkeys(names, IMAGE))
    stated = {"gender": "male", "age": "teens", "accent": "<b>odd</b>", "up_votes": 3, "sentence": "<i>words</i>"}
    kept = [
        clip(i, label, "kept", **{**stated, **({"gender": "female"} if i % 2 else {})})
        for label in "ab"
        for i in range(9)
    ]
    left = [clip(100 + i, "a", "top", up_votes=1) for i in range(4)] + [clip(200, "b", "unseen")]
    surveyed(kept, left, quarantine=[{"path": "y", "reason": "silent", "detail": "<html>"}])
    page = show(study, tmp_path / "out", prepared=tmp_path)
    for text in (
        "Selection: before and after",
        "left out by",
        ">top<",
        "Up-votes: before and after",
        "Gender by class",
    ):
        assert text in page
    assert (
        "&lt;b&gt;odd&lt;/b&gt;" in page and "&lt;i&gt;words" in page and "<b>odd" not in page and "<html>" not in page
    )


def test_many_classes_are_folded_and_abridged(study, surveyed, tmp_path, monkeypatch):
    monkeypatch.setattr("earmark.evaluation.examples.images", lambda mels, names: dict.fromkeys(names, IMAGE))
    surveyed([clip(i, f"l{k:02d}", "kept", gender="male" if i else None) for k in range(30) for i in range(2)])
    page = show(study, tmp_path / "out", prepared=tmp_path)
    assert "The first 24 classes" in page
    assert "<details>" in page and "<details open>" not in page
    assert page.count('class="card"') == 24
