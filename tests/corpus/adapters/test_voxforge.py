import tarfile

import pytest

from earmark.errors import EarmarkError

DE = "de/ralf-20071220-de1"


def test_user_session_readme_and_prompts(read, tree, tmp_path):
    clips, bad = read("voxforge", tree("voxforge", tmp_path))
    assert bad == []
    anonymous, ralf = sorted(clips, key=lambda clip: clip.path)
    assert (ralf.path, ralf.label, ralf.language) == (f"{DE}/wav/a0405.wav", "de", "de")
    assert (ralf.speaker, ralf.session, ralf.sentence) == ("ralf", "ralf-20071220-de1", "EIN SATZ")
    assert (ralf.gender, ralf.age, ralf.accent) == ("male", "adult", "Bayern")
    assert ralf.extra == {"microphone": "Studio-Mikro"}
    assert (anonymous.speaker, anonymous.session) == ("anonymous-20100621-cdr", "anonymous-20100621-cdr")
    assert (anonymous.language, anonymous.gender) == ("ru", None)


def test_the_archives_as_they_are_downloaded(read, tree, tmp_path):
    tree("voxforge", tmp_path / "unpacked")
    for submission in (tmp_path / "unpacked").glob("*/*"):
        archive = tmp_path / "packed" / submission.parent.name / f"{submission.name}.tgz"
        archive.parent.mkdir(parents=True)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(submission, submission.name)
    clips, bad = read("voxforge", tmp_path / "packed")
    assert bad == []
    found = {clip.path: (clip.speaker, clip.session, clip.label, clip.gender) for clip in clips}
    path = f"{DE}.tgz/ralf-20071220-de1/wav/a0405.wav"
    assert found[path] == ("ralf", "ralf-20071220-de1", "de", "male")


def test_flac_prompts_original_and_names_without_a_date(read, sound, tmp_path):
    sound(tmp_path / "it" / "studio" / "flac" / "it-0001.flac")
    prompts = tmp_path / "it" / "studio" / "etc" / "prompts-original"
    prompts.parent.mkdir()
    prompts.write_text("it-0001 Più tardi\n\nit-0002\n", encoding="utf-8")
    (clip,), _ = read("voxforge", tmp_path)
    assert (clip.speaker, clip.session, clip.sentence, clip.label) == ("studio", "studio", "Più tardi", "it")


def test_no_language_and_misplaced_recordings_are_reported(read, tree, sound, tmp_path):
    sound(tree("voxforge", tmp_path) / "other" / "bob-20100101-abc" / "wav" / "a.wav")
    sound(tmp_path / "de" / "loose.wav")
    clips, bad = read("voxforge", tmp_path)
    assert len(clips) == 2
    assert {row.path: row.reason for row in bad} == {
        "de/loose.wav": "unlisted",
        "other/bob-20100101-abc/wav/a.wav": "no_label",
    }


def test_errors_in_words(read, tree, tmp_path):
    with pytest.raises(EarmarkError, match=r"holds no \{user\}-\{date\}-\{id\}/wav"):
        read("voxforge", tmp_path)
    with pytest.raises(EarmarkError, match="did you mean 'gender'"):
        read("voxforge", tree("voxforge", tmp_path), label="gendre")
