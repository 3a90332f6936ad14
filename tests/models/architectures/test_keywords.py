import keras

from earmark.models.architectures.keywords import light_cnn, mnist_cnn

SHAPE = (161, 99, 1)


def test_light_cnn_layer_by_layer():
    network = light_cnn(SHAPE)
    kernels = [layer.kernel.shape for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert kernels == [(2, 2, 1, 8), (2, 2, 8, 8), (3, 3, 8, 16), (3, 3, 16, 16), (3, 3, 16, 32)]
    assert network.get_layer("flatten").output.shape == (None, 17 * 10 * 32)
    assert {layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)} == {0.2}


def test_mnist_cnn_layer_by_layer():
    network = mnist_cnn((44, 32, 1))
    kernels = [layer.kernel.shape for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert kernels == [(5, 5, 1, 32), (3, 3, 32, 64)]
    assert network.get_layer("flatten").output.shape == (None, 9 * 6 * 64)


def test_time_downwards_has_as_many_parameters():
    assert light_cnn((99, 161, 1)).count_params() == light_cnn(SHAPE).count_params()
    assert mnist_cnn((32, 44, 1)).count_params() == mnist_cnn((44, 32, 1)).count_params()
