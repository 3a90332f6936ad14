from earmark.models.architectures.chroma import mandel_cnn, simple_chroma_cnn, small_mandel_cnn

SHAPE = (12, 100, 1)


def layers(network):
    return {layer.name: (layer.output.shape[1:], layer.count_params()) for layer in network.layers}


def test_mandel_layer_by_layer_as_published():
    assert layers(mandel_cnn(SHAPE)) == {
        "image": ((12, 100, 1), 0),
        "conv_1": ((11, 99, 32), 160),
        "conv_2": ((10, 98, 48), 6_192),
        "conv_3": ((9, 97, 120), 23_160),
        "pool_1": ((4, 48, 120), 0),
        "dropout_1": ((4, 48, 120), 0),
        "flatten": ((23_040,), 0),
        "dense_1": ((128,), 2_949_248),
        "dropout_2": ((128,), 0),
        "dense_2": ((64,), 8_256),
        "dropout_3": ((64,), 0),
    }


def test_the_small_one_has_the_same_dropout_and_one_layer_less():
    large, small = mandel_cnn(SHAPE), small_mandel_cnn(SHAPE)
    assert layers(large).keys() - layers(small).keys() == {"conv_3"}
    for number in (1, 2, 3):
        name = f"dropout_{number}"
        assert small.get_layer(name).rate == large.get_layer(name).rate


def test_the_simple_one_is_a_convolution():
    assert layers(simple_chroma_cnn(SHAPE)) == {
        "image": ((12, 100, 1), 0), "conv_1": ((11, 99, 32), 160), "flatten": ((34_848,), 0)
    }  # fmt: skip


def test_time_downwards_has_as_many_parameters():
    for network in (mandel_cnn, small_mandel_cnn, simple_chroma_cnn):
        assert network((100, 12, 1)).count_params() == network(SHAPE).count_params()
