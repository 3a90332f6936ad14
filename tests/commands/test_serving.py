"""predict and listen as they are typed."""

import csv
import json
import subprocess
import sys

import numpy as np
import soundfile


def earmark(*words, stdin=b"", folder=None, fails=False):
    """What the command prints, run as a process of its own."""
    command = [sys.executable, "-m", "earmark", *map(str, words)]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=folder, check=False)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stdout.decode(), done.stderr.decode()


def test_a_folder_as_a_table_and_bad_files_at_the_end(study, pitch_model, tmp_path):
    for name in ("0.wav", "1.wav"):
        (tmp_path / name).write_bytes((study / "tones" / name).read_bytes())
    (tmp_path / "junk.wav").write_bytes(b"junk")
    out, err = earmark("predict", ".", "--model", pitch_model, folder=tmp_path, fails=True)
    assert [line.split()[0] for line in out.splitlines()] == ["0.wav", "1.wav"]
    assert {line.split()[1] for line in out.splitlines()} <= {"low", "high"}
    assert "junk.wav: not audio that libsndfile reads" in err
    assert err.rstrip().endswith("1 of 3 recordings cannot be used")


def test_json_csv_kaggle_and_standard_input_agree(study, pitch_model):
    words = ("predict", "tones/3.wav", "tones/4.wav", "--model", pitch_model)
    answers = json.loads(earmark(*words, "--json", folder=study)[0])
    assert set(answers[0]) >= {"path", "label", "confidence", "probabilities", "shares", "timeline", "is_known"}
    rows = list(csv.DictReader(earmark(*words, "--csv", folder=study)[0].splitlines()))
    kaggle = list(csv.DictReader(earmark(*words, "--format", "kaggle", folder=study)[0].splitlines()))
    assert [row["label"] for row in rows] == [row["label"] for row in kaggle] == [a["label"] for a in answers]
    assert [row["fname"] for row in kaggle] == ["3.wav", "4.wav"]
    data = (study / "tones" / "3.wav").read_bytes()
    (piped,) = json.loads(earmark("predict", "-", "--model", pitch_model, "--json", stdin=data, folder=study)[0])
    assert piped == {**answers[0], "path": "standard input"}


def test_a_time_line_of_a_long_recording(study, pitch_model, tmp_path):
    sounds = [soundfile.read(study / "tones" / f"{n}.wav")[0] for n in (0, 2)]
    soundfile.write(tmp_path / "long.flac", np.concatenate([sounds[0], np.zeros(32000), sounds[1]]), 16000)
    words = (
        "predict",
        tmp_path / "long.flac",
        "--model",
        pitch_model,
        "--window",
        "0.5",
        "--timeline",
        "--unknown",
        "1",
    )
    labels = [line.split("s  ")[1].split("  ")[0].strip() for line in earmark(*words)[0].splitlines()]
    assert labels == ["unknown", "no speech", "unknown"]


def test_listening_to_a_pipe(study, pitch_model):
    wave, _ = soundfile.read(study / "tones" / "0.wav", dtype="int16")
    pcm = np.concatenate([np.zeros(16000, np.int16), np.tile(wave, 6)]).tobytes()
    words = ("listen", "--raw", "16000", "--model", pitch_model, "--every", "0.5")
    answers = [json.loads(line) for line in earmark(*words, "--json", stdin=pcm)[0].splitlines()]
    assert [a["seconds"] for a in answers] == [0.5 * (n + 1) for n in range(len(pcm) // 16000)]
    assert answers[0]["label"] == "no speech" and answers[-1]["label"] in ("low", "high")
    told = earmark(*words, stdin=pcm)[0].splitlines()
    assert 2 <= len(told) < len(answers) and "no speech" in told[0]


def test_prediction_needs_a_model(cli, pitch_model, tmp_path):
    (tmp_path / "empty").mkdir()
    cli("predict", "tones/0.wav", "--model", str(tmp_path / "empty"), fails="not a model folder")
    cli("predict", "tones/*.ogg", "--model", str(pitch_model), fails="no file has such a name")
    cli("listen", "--model", str(tmp_path / "absent"), fails="not a model folder (params.yaml is missing)")
