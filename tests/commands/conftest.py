"""A study of a few tones, prepared by the command itself, and the command line to work on it."""

import json
import os

import pytest
from click.testing import CliRunner

from earmark.cli import main

PARAMS = """
task: tones
data: {adapter: table, root: tones, table: clips.csv, label: label}
split: {on_leak: allow}
features: {shard_size: 3}
"""


@pytest.fixture(scope="session")
def study(tmp_path_factory, write_tones):
    """A folder with params and twelve recordings, whose manifest is made."""
    root = tmp_path_factory.mktemp("study")
    write_tones(root)
    (root / "params.yaml").write_text(PARAMS)
    return root


@pytest.fixture
def cli(study, monkeypatch):
    """Words → what a command answers in the study; it must succeed unless told what it ``fails`` with."""
    monkeypatch.chdir(study)
    for name in [name for name in os.environ if name.startswith("EARMARK_")]:
        monkeypatch.delenv(name)

    def run(*words, fails=None):
        answer = CliRunner().invoke(main, list(words))
        assert answer.exit_code == (fails is not None), answer.output
        assert fails is None or fails in answer.output
        return answer

    return run


@pytest.fixture
def shards(cli, study):
    """Names of the study's shards, whose images are made."""
    from earmark.commands.options import plan_of

    if not (study / ".store" / "prepare").is_dir():
        cli("prepare")
    names = plan_of(study / "params.yaml").shard_names
    cli("mel", "--shards", f"{names[0]}..{names[-1]}")
    return names


@pytest.fixture
def answer(cli):
    """Words → the JSON that a command prints."""
    return lambda *words: json.loads(cli(*words, "--json").output)
