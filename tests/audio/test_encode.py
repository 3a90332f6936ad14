import numpy as np
import pytest

from earmark.audio.decode import decode
from earmark.audio.encode import encoded

SAMPLES = np.sin(np.arange(8000) / 5).astype(np.float32) / 2


@pytest.mark.parametrize(
    ("kind", "subtype", "error"), [("WAV", "FLOAT", 0), ("WAV", "PCM_16", 1 / 32768), ("FLAC", None, 1 / 32768)]
)
def test_what_is_written_is_read_again(kind, subtype, error):
    samples, rate = decode(encoded(SAMPLES, 8000, kind, subtype), None)
    assert rate == 8000
    np.testing.assert_allclose(samples, SAMPLES, rtol=0, atol=error)
