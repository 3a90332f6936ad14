"""Any recording to the samples that training had."""

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import DecodeError, decode
from earmark.audio.limits import LOCAL, UPLOAD
from earmark.serving.decoding import decode_any, limited_cpu


def test_files_and_bytes_give_the_samples_of_training(served, tmp_path):
    path = served.files[0]
    expected, _ = decode(path, 16000)
    np.testing.assert_array_equal(decode_any(path, 16000, LOCAL), expected)
    np.testing.assert_array_equal(decode_any(path.read_bytes(), 16000, UPLOAD), expected)
    stereo = tmp_path / "stereo.flac"
    soundfile.write(stereo, np.stack([expected, expected], axis=1), 16000)
    np.testing.assert_array_equal(decode_any(stereo, 16000, LOCAL), expected)


def test_errors_name_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    video = tmp_path / "a.mp4"
    video.write_bytes(b"\0\0\0\x20ftypisom")
    with pytest.raises(DecodeError, match=r"a\.mp4: .*need the program ffmpeg"):
        decode_any(video, 16000, LOCAL)
    with pytest.raises(DecodeError, match=r"absent\.wav: .*no such file"):
        decode_any(tmp_path / "absent.wav", 16000, LOCAL)


def test_the_limit_of_processor_time_is_put_back():
    import resource

    before = resource.getrlimit(resource.RLIMIT_CPU)
    with limited_cpu(100):
        assert resource.getrlimit(resource.RLIMIT_CPU)[0] > 100
    assert resource.getrlimit(resource.RLIMIT_CPU) == before
