"""Commit, version of the recordings and dvc.lock, through the real git and DVC."""

import subprocess
from pathlib import Path

import pytest

from earmark.lineage.versioned import commit, lock, recordings


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A DVC project of one stage that copies its recordings."""
    monkeypatch.chdir(tmp_path)
    Path("clips").mkdir()
    Path("clips/a.wav").write_text("sound")
    Path("params.yaml").write_text("n: 1\n")
    Path("dvc.yaml").write_text(
        "stages: {prepare: {cmd: cp clips/a.wav out, deps: [clips], params: [n], outs: [out]}}\n"
    )
    run("git", "init", "-q")
    run("dvc", "init", "-q")
    run("dvc", "repro", "-q")
    return tmp_path


def test_without_git_and_dvc_there_is_nothing_to_disagree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert lock() is None and commit() is None
    assert recordings(Path("clips")).key == "–"


def test_the_recordings_version_is_that_of_the_lock_or_of_their_own_file(repository):
    assert recordings(Path("clips")).key.endswith(".dir")
    Path("other").write_text("x")
    run("dvc", "add", "-q", "other")
    assert recordings(Path("other")).words == "other, by other.dvc"
    assert recordings(Path("nowhere")).words == "nowhere, which DVC does not track"


def test_the_lock_is_whole_until_params_data_or_results_change(repository):
    assert lock().is_whole
    Path("params.yaml").write_text("n: 2\n")
    Path("clips/b.wav").write_text("more")
    Path("out").unlink()
    Path("out").write_text("by hand")
    said = "\n".join(lock().faults)
    assert "stage prepare: changed deps: " in said and "clips modified" in said and "n modified" in said
    assert "stage prepare: changed outs: out modified; run `dvc repro`" in said


def test_the_commit_says_whether_the_files_are_its(repository):
    run("git", "add", "-A")
    run("git", "-c", "user.email=a@b.invalid", "-c", "user.name=a", "commit", "-qm", "first")
    assert commit().words == ""
    Path("params.yaml").write_text("n: 3\n")
    assert commit().words == "with uncommitted changes" and len(commit().key) == 20
