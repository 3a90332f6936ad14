import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.audio.pixels import grey, half

images = arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=st.floats(-90, 10, width=32))


@given(images)
def test_a_fixed_range_means_the_same_in_every_clip(values):
    expected = np.clip((values.astype(np.float64) + 80) * 255 / 80, 0, 255)
    found = grey(values, -80, 0)
    assert found.dtype == np.uint8 and np.abs(found - expected).max() <= 0.51


@given(images)
def test_a_clip_spans_its_own_range(values):
    found = grey(values)
    if values.max() > values.min():
        assert (found.min(), found.max()) == (0, 255)
        assert (np.diff(found.ravel()[np.argsort(values, axis=None)].astype(int)) >= 0).all()
    else:
        assert not found.any()


def test_slices_are_read_right():
    values = np.linspace(-80, 0, 200, dtype=np.float32).reshape(10, 20)
    np.testing.assert_array_equal(grey(values[::2, 3:9], -80, 0), grey(values, -80, 0)[::2, 3:9])


def test_nothing_is_nothing():
    assert grey(np.zeros((3, 0), np.float32)).shape == (3, 0)


def test_half_precision_never_overflows():
    assert half(np.array([[1e9, -1e9, 0.5]], np.float32)).tolist() == [[65504.0, -65504.0, 0.5]]
