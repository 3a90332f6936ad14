"""Sound from a pipe, and what is said where there is no microphone."""

import importlib.util
import io

import numpy as np
import pytest

from earmark.errors import EarmarkError
from earmark.serving.microphone import microphone, raw


def test_raw_samples_come_in_blocks_and_an_odd_byte_is_none():
    samples = np.array([0, 16384, -32768, 32767, 1], "<i2")
    blocks = list(raw(io.BytesIO(samples.tobytes() + b"x"), 2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), samples.astype(np.float32) / 32768)
    assert list(raw(io.BytesIO(b""), 2)) == []


@pytest.mark.skipif(importlib.util.find_spec("sounddevice") is not None, reason="sounddevice is installed")
def test_without_its_package_it_says_what_to_do():
    with pytest.raises(EarmarkError, match=r'pip install "earmark\[microphone\]", or pipe sound in with --raw 16000'):
        next(microphone(16000, 4000))
