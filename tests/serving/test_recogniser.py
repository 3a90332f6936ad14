"""Recordings: short ones as they were judged, long ones in windows, silence, unknown, many threads."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import DecodeError
from earmark.errors import EarmarkError
from earmark.serving.calibration import calibrated
from earmark.serving.facts import Facts
from earmark.serving.options import Options
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser
from earmark.serving.timeline import NO_SPEECH, UNKNOWN
from earmark.shards.read import read_images

KNOWN = Facts(temperature=2.0, typical_seconds=1.2, longest_seconds=1.5)


@pytest.fixture(scope="module")
def predictor(served):
    return Predictor.load(served.folder, threads=1)


def test_a_clip_gets_the_probabilities_of_training_images(served, predictor):
    recogniser = Recogniser(predictor, Facts(longest_seconds=10))
    for path, row in zip(served.files, read_images(served.mels), strict=True):
        answer = recogniser.of_file(path)
        assert answer.probabilities == predictor.predict_windows([row]).probabilities
        assert dataclasses.replace(answer, timeline=[]) == dataclasses.replace(
            recogniser.of_bytes(path.read_bytes()), timeline=[]
        )
        assert (answer.label, answer.is_known, answer.is_calibrated) == (path.name.split("-")[0], True, False)
        assert answer.seconds == pytest.approx(soundfile.info(path).duration)
        assert answer.shares == {answer.label: 1.0}


def test_the_confidence_is_calibrated_and_the_probabilities_are_not(served, predictor):
    raw, cool = (Recogniser(predictor, facts).of_file(served.files[0]) for facts in (Facts(None, 9, 9), KNOWN))
    longer = Recogniser(predictor, dataclasses.replace(KNOWN, longest_seconds=9)).of_file(served.files[0])
    assert longer.probabilities == raw.probabilities
    assert raw.confidence == raw.probabilities["down"]
    expected = calibrated(np.array(list(raw.probabilities.values())), 2.0).max()
    assert longer.confidence == pytest.approx(expected) and longer.confidence < raw.confidence
    assert longer.is_calibrated and cool.is_calibrated


def test_a_long_recording_gets_a_time_line(by_pitch, melody):
    answer = Recogniser(by_pitch, KNOWN).of_samples(melody)
    assert [part.label for part in answer.timeline] == ["low", NO_SPEECH, "high"]
    first, pause, last = answer.timeline
    assert (first.start, last.end) == (0, 10) and (first.end, pause.end) == (pause.start, last.start)
    assert first.end == pytest.approx(4.25, abs=0.1) and pause.end == pytest.approx(5.75, abs=0.1)
    assert answer.shares["high"] == pytest.approx(0.5, abs=0.02)
    assert answer.speech_seconds == pytest.approx(8.5, abs=0.2)
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert json.loads(json.dumps(answer.plain()))["timeline"][0]["label"] == "low"


def test_windows_as_told(by_pitch, melody):
    coarse = Recogniser(by_pitch, KNOWN, Options(window=20))
    assert len({part.label for part in coarse.of_samples(melody).timeline} - {NO_SPEECH}) == 1
    assert Recogniser(by_pitch, Facts(), Options(window=2, hop=0.5)).windows(64000)[1] == (8000, 40000)
    assert Recogniser(by_pitch, Facts()).window_seconds == 3
    with pytest.raises(EarmarkError, match="hop"):
        Recogniser(by_pitch, KNOWN, Options(hop=3))


def test_silence_is_no_speech(predictor):
    for seconds in (0.5, 20):
        answer = Recogniser(predictor, KNOWN).of_samples(np.zeros(int(16000 * seconds), np.float32))
        assert (answer.label, answer.is_known, answer.speech_seconds) == (NO_SPEECH, False, 0)
        assert answer.probabilities == answer.shares == {}
        assert [(part.start, part.end, part.label) for part in answer.timeline] == [(0, seconds, NO_SPEECH)]


def test_below_the_threshold_is_unknown(by_pitch, melody):
    sure, unsure = (Recogniser(by_pitch, KNOWN, Options(unknown=t)).of_samples(melody) for t in (0.0, 1.0))
    assert (unsure.label, unsure.is_known, unsure.shares) == (UNKNOWN, False, {UNKNOWN: 1.0})
    assert unsure.confidence == sure.confidence
    assert unsure.probabilities == sure.probabilities


def test_the_shortest_recording_has_an_answer(predictor):
    for length in (1, 2, 100):
        answer = Recogniser(predictor, KNOWN).of_samples(np.full(length, 0.1, np.float32))
        assert answer.label in ("up", "down", NO_SPEECH)


def test_many_threads_get_the_same_answers(served, predictor):
    recogniser = Recogniser(predictor, KNOWN)
    sources = [path.read_bytes() for path in served.files] * 4
    alone = [recogniser.of_bytes(audio) for audio in sources[: len(served.files)]]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(recogniser.of_bytes, sources)) == alone * 4


def test_the_model_folder_is_enough(served):
    recogniser = Recogniser.load(served.folder, threads=1)
    assert recogniser.facts.temperature is None
    assert recogniser.of_file(served.files[0]).label == "down"
    with pytest.raises(DecodeError, match=r"absent\.wav"):
        recogniser.of_file(served.folder / "absent.wav")
