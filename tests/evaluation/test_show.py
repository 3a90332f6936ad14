"""What is told of one clip, and that its picture is drawn."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from earmark.audio.decode import DecodeError
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.evaluation.show import explain, find_clip, show


@pytest.fixture
def recording(tmp_path):
    """3 s of stereo at 22.05 kHz, a tone from 0.5 to 1 s and from 2 to 2.5 s, nothing else."""
    time = np.arange(3 * 22050) / 22050
    tone = 0.5 * np.sin(2 * np.pi * 1000 * time) * (((time > 0.5) & (time < 1)) | ((time > 2) & (time < 2.5)))
    soundfile.write(tmp_path / "beeps.flac", np.stack([tone, tone], axis=1), 22050)
    return tmp_path / "beeps.flac"


def test_the_facts_of_a_clip(recording, tmp_path):
    facts = show(recording, FeatureParams(), tmp_path / "clip.png")
    assert facts["file"]["codec"] == "FLAC PCM_16" and facts["file"]["reason"] is None
    assert (facts["file"]["sample_rate"], facts["file"]["channels"], facts["sample_rate"]) == (22050, 2, 16000)
    assert facts["duration"] == pytest.approx(3) and facts["peak"] == pytest.approx(-6.02, abs=0.01)
    assert facts["cut"]["ends"] == pytest.approx(1, abs=0.15) and facts["cut"]["inside"] == 0
    assert facts["windows"] == [0] and facts["images"]["mel"] == [40, pytest.approx(161, abs=12)]
    assert json.loads(json.dumps(facts)) == facts
    picture = Image.open(io.BytesIO((tmp_path / "clip.png").read_bytes()))
    assert picture.format == "PNG" and picture.width == 1280


def test_pauses_and_windows(recording, tmp_path):
    features = FeatureParams(vad="energy", window={"frames": 40, "hop": 20}, scale="minmax")
    facts = show(recording, features, tmp_path / "clip.png")
    assert facts["cut"]["inside"] == pytest.approx(1, abs=0.15) and len(facts["parts"]) == 2
    assert facts["images"]["mel"] == [40, 40] and facts["windows"][:3] == [0, 20, 40]


def test_a_part_of_a_file(recording, tmp_path):
    facts = show(recording, FeatureParams(), tmp_path / "clip.png", 0.5, 1.0)
    assert facts["duration"] == pytest.approx(0.5) and facts["file"]["duration"] == pytest.approx(3)
    assert "part     0.5 s to 1 s, 0.50 s" in explain(facts)


def test_words(recording, tmp_path):
    text = explain(show(recording, FeatureParams(window={"seconds": 1}), tmp_path / "clip.png"))
    assert "3.00 s, 22,050 Hz, stereo" in text and "-6.0 dBFS" in text and "3 windows of mel 40 × 80" in text
    assert "at the ends, 0.00 s inside" in text


def test_silence_is_shown_and_named(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 16000)
    facts = show(tmp_path / "silent.wav", FeatureParams(), tmp_path / "clip.png")
    assert facts["peak"] is None and facts["cut"]["ends"] + facts["cut"]["inside"] <= facts["duration"]
    assert "no sound" in explain(facts) and "defect   silent" in explain(facts)


def test_what_is_no_audio_is_refused_and_leaves_no_picture(tmp_path):
    (tmp_path / "x.wav").write_text("words")
    with pytest.raises(DecodeError, match="not audio"):
        show(tmp_path / "x.wav", FeatureParams(), tmp_path / "clip.png")
    assert not (tmp_path / "clip.png").exists()


def test_a_clip_of_the_manifest_is_found(tmp_path):
    table = {
        "clip_id": ["a.wav", "b.wav#1-2"],
        "path": ["x/a.wav", "x/b.wav"],
        "start": [None, 1.0],
        "end": [None, 2.0],
    }
    pq.write_table(pa.table(table), tmp_path / "manifest.parquet")
    assert find_clip(tmp_path / "manifest.parquet", "a.wav") == ("x/a.wav", None, None)
    assert find_clip(tmp_path / "manifest.parquet", "b.wav#1-2") == ("x/b.wav", 1.0, 2.0)
    with pytest.raises(EarmarkError, match=r"did you mean 'b\.wav#1-2'"):
        find_clip(tmp_path / "manifest.parquet", "b.wav#1-3")
    with pytest.raises(EarmarkError, match=r"neither a file nor a clip of .*; clip ids look like 'a\.wav'"):
        find_clip(tmp_path / "manifest.parquet", "00000000")
