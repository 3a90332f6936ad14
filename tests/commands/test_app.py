"""earmark app before it serves; tests/serving/app has the server."""

from click.testing import CliRunner

from earmark.cli import main


def test_what_it_cannot_serve_is_said_at_once(tmp_path, pitch_model):
    for words, problem in (
        (["--model", str(tmp_path)], "not a model folder"),
        (["--model", str(pitch_model), "--host", "no.such.host.invalid"], "cannot be listened at"),
    ):
        answer = CliRunner().invoke(main, ["app", "--port", "0", "--workers", "1", *words])
        assert answer.exit_code == 1 and problem in answer.output


def test_help_teaches():
    text = CliRunner().invoke(main, ["app", "--help"]).output
    assert "curl --data-binary @clip.mp3" in text and "--compare" in text and "--allow-host" in text
