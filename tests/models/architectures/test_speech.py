import keras
import numpy as np

from earmark.models.architectures.speech import speech_cnn


def test_a_tone_is_felt_in_the_channels_of_its_band():
    keras.utils.set_random_seed(0)
    network, images = speech_cnn((80, 40, 1)), np.zeros((2, 80, 40, 1), np.float32)
    images[0, 2], images[1, 77] = 1, 1
    mean = keras.ops.convert_to_numpy(network(images))[:, : 5 * 64]
    felt = np.abs(mean).reshape(2, 5, 64).sum(axis=2)
    assert felt[0].argmax() <= 1 and felt[1].argmax() >= 3


def test_time_is_pooled_so_that_the_length_costs_no_parameters():
    assert speech_cnn((80, 40, 1)).count_params() == speech_cnn((80, 200, 1)).count_params()
    assert speech_cnn((80, 40, 2)).output_shape == (None, 5 * 64 * 2)
