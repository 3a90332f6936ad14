import keras
from keras import layers

from earmark.models.architectures.chain import chain


def test_layers_follow_each_other():
    model = chain("two", (4, 5, 1), layers.Flatten(name="flat"), layers.Dense(3, name="dense"))
    assert (model.name, model.input_shape, model.output_shape) == ("two", (None, 4, 5, 1), (None, 3))
    assert [layer.name for layer in model.layers] == ["image", "flat", "dense"]
    assert isinstance(model, keras.Model) and not model.compiled
