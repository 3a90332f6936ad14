import pytest

from earmark.errors import EarmarkError
from earmark.serving.options import Options


def test_windows_are_as_the_clips_unless_said():
    assert Options().cut(3.0) == (3.0, 1.5)
    assert Options(window=2.0).cut(3.0) == (2.0, 1.0)
    assert Options(window=2.0, hop=0.5).cut(3.0) == (2.0, 0.5)


def test_no_sound_is_left_out():
    with pytest.raises(EarmarkError, match="hop: 4 s is longer than a window of 3 s"):
        Options(hop=4.0).cut(3.0)
