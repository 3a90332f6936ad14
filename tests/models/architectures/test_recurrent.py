import keras
import numpy as np
import pytest

from earmark.models.architectures.recurrent import lstm

SHAPE = (3, 10, 2)


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return lstm(SHAPE)


@pytest.fixture
def batch():
    return np.random.default_rng(0).random((2, *SHAPE), np.float32)


def numbers(model, batch):
    return keras.ops.convert_to_numpy(model(batch))


def test_a_step_is_a_frame_with_all_rows_of_all_channels(network, batch):
    steps = keras.Model(network.input, network.get_layer("steps").output)
    np.testing.assert_array_equal(numbers(steps, batch), batch.transpose(0, 2, 1, 3).reshape(2, 10, 6))


def test_the_order_of_frames_matters(network, batch):
    assert np.abs(numbers(network, batch) - numbers(network, batch[:, :, ::-1])).max() > 1e-3
