import csv
import hashlib
from collections import Counter

import pytest
import soundfile

from earmark.corpus import demo
from earmark.corpus.demo import CLIPS, PHRASES, demo_is_complete, speakers, write_demo

COUNT = 2


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    write_demo(root, workers=2, count=COUNT)
    return root


def table(root, locale):
    with (root / locale / "validated.tsv").open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def fingerprints(root):
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*")
        if p.is_file()
    }


def test_layout_is_that_of_common_voice(corpus):
    for locale in PHRASES:
        rows = table(corpus, locale)
        assert {row["path"] for row in rows} == {p.name for p in (corpus / locale / "clips").iterdir()}
        assert Counter(row["gender"] for row in rows) == {"female_feminine": CLIPS, "male_masculine": CLIPS}
        assert {row["locale"] for row in rows} == {locale}
        info = soundfile.info(corpus / locale / "clips" / rows[0]["path"])
        assert (info.samplerate, info.channels, info.format) == (48000, 1, "MP3")
        assert 1 < info.duration < 7


def test_nothing_is_left_to_do_and_missing_clips_are_made_again(corpus):
    before = fingerprints(corpus)
    assert demo_is_complete(corpus, COUNT)
    assert not demo_is_complete(corpus)
    lost = corpus / "fr" / "clips" / table(corpus, "fr")[0]["path"]
    lost.unlink()
    (corpus / "fr" / "clips" / "of_an_older_version.mp3").write_bytes(b"")
    assert not demo_is_complete(corpus, COUNT)
    write_demo(corpus, count=COUNT)
    assert fingerprints(corpus) == before


def test_the_full_corpus_has_distinct_speakers_and_sentences():
    people = [person for locale in PHRASES for person in speakers(locale)]
    assert len(people) == len({person.client_id for person in people}) == 4 * 40
    spoken = [sentence for person in people for sentence in person.sentences]
    assert len(spoken) == len(set(spoken)) == 4 * 40 * 5
    assert len({(person.voice, person.tract) for person in people}) == len(people)


def test_a_smaller_corpus_is_the_beginning_of_the_full_one():
    for locale in PHRASES:
        assert speakers(locale, 3) == speakers(locale)[:3]


def test_numbers_of_the_first_speaker_are_fixed():
    """Golden: if this fails, bump demo.VERSION."""
    first = speakers("en")[0]
    assert demo.VERSION == 1
    assert first.voice.variant == "Andrea"
    assert first.sentences[0] == "The busy farmer reads a long letter every Sunday morning."
