import subprocess
import sys

import pytest
from click.testing import CliRunner

from earmark.cli import main


@pytest.fixture
def cli(project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    return lambda *words: CliRunner().invoke(main, list(words))


def test_help_teaches_every_command(cli):
    overview = cli("--help")
    assert overview.exit_code == 0
    for name, command in main.commands.items():
        assert name in overview.output
        answer = cli(name, "--help")
        assert answer.exit_code == 0
        assert len(command.help) > 40
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or parameter.help, f"{name} {parameter.name}"


def test_a_problem_is_one_message_without_a_traceback(tmp_path):
    (tmp_path / "params.yaml").write_text("features: {n_mel: 40}")
    command = [sys.executable, "-m", "earmark", "prepare"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "did you mean 'n_mels'" in answer.stderr
    assert "Traceback" not in answer.stderr
