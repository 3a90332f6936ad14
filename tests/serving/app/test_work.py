"""The work of a worker, in this process."""

from dataclasses import asdict

import pytest

from earmark.audio.decode import DecodeError
from earmark.audio.limits import UPLOAD
from earmark.serving.app.work import job, working
from earmark.serving.options import STANDARD
from earmark.serving.recogniser import Recogniser


@pytest.fixture(scope="module")
def work(pitch_model):
    return working([str(pitch_model)], asdict(STANDARD), asdict(UPLOAD))


def question(**values):
    return {"model": 0, "unknown": None, "picture": False} | values


def test_the_answer_is_the_recognisers(work, pitch_model, long_recording):
    audio = long_recording.read_bytes()
    expected = Recogniser.load(pitch_model, threads=1).of_bytes(audio).plain()
    answer, rest = work(question(), audio)
    assert answer == expected
    assert rest == b""


def test_a_threshold_is_of_one_question(work, long_recording):
    audio = long_recording.read_bytes()
    labels = [work(question(unknown=unknown), audio)[0]["label"] for unknown in (None, 1.0, 0.0)]
    assert labels[1] == "unknown" and labels[0] == labels[2] != "unknown"


def test_a_picture_is_drawn_where_it_is_asked_for(work, long_recording):
    answer, _ = work(question(picture=True), long_recording.read_bytes())
    assert answer["picture"]["windows"][0]["start"] == 0 and answer["picture"]["windows"][-1]["end"] == 10


def test_what_is_no_recording(work):
    with pytest.raises(DecodeError, match="empty"):
        work(question(), b"")


def test_the_job_names_what_it_needs(pitch_model):
    made = job([pitch_model], STANDARD, UPLOAD)
    assert made.settings["models"] == [str(pitch_model)] and made.memory_bytes == UPLOAD.memory_bytes
