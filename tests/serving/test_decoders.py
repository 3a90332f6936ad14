"""What strangers send is decoded elsewhere, to the same samples."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.decode import DecodeError, decode
from earmark.audio.limits import UPLOAD
from earmark.serving.decoders import Decoders


def test_many_threads_get_the_samples_of_training(served):
    files = served.files * 2
    with Decoders(16000, count=2) as decoders, ThreadPoolExecutor(6) as threads:
        for path, samples in zip(files, threads.map(decoders.samples, (p.read_bytes() for p in files)), strict=True):
            np.testing.assert_array_equal(samples, decode(path, 16000)[0])


def test_what_is_refused_says_why(served):
    with Decoders(16000, replace(UPLOAD, seconds=0.5), count=1) as decoders:
        for audio, reason in ((b"", "empty"), (b"junk", "unreadable"), (served.files[0].read_bytes(), "too_long")):
            with pytest.raises(DecodeError) as refusal:
                decoders.samples(audio)
            assert refusal.value.reason == reason
