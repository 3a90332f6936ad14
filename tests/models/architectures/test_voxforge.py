import keras
import numpy as np

from earmark.models.architectures import ARCHITECTURES
from earmark.models.architectures.voxforge import voxforge_cnn
from earmark.models.networks import build_head


def test_every_convolution_has_batch_norm_and_dropout():
    names = [layer.name for layer in voxforge_cnn((16, 16, 1)).layers]
    assert names[1:6] == ["conv_1", "norm_1", "relu_1", "pool_1", "dropout_1"]
    assert sum(name.startswith("norm") for name in names) == sum(name.startswith("conv") for name in names) == 4


def test_the_shape_is_a_window_of_four_seconds():
    assert ARCHITECTURES["voxforge_cnn"].input_shape == (128, round(4 * 22_050 / 512), 1)


def test_frozen_batch_norm_keeps_its_statistics():
    network = voxforge_cnn((16, 16, 1))
    network.trainable = False
    before = network.get_weights()
    model = keras.Model(network.input, build_head("linear", (128,), 3)(network.output))
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    model.train_on_batch(np.random.default_rng(0).random((4, 16, 16, 1), np.float32), np.array([0, 1, 2, 0]))
    assert all((old == new).all() for old, new in zip(before, network.get_weights(), strict=True))
