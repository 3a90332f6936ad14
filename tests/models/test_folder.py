import keras

from earmark.config import Params
from earmark.models.folder import decisive, sizes_of


def test_only_what_decides_a_model_is_in_its_params():
    one, other = (
        Params.model_validate({"task": task, "features": {"shard_size": size}, "backbone": {"engine": engine}})
        for task, size, engine in (("a", 3, "onnx"), ("b", 9, "keras"))
    )
    assert decisive(one) == decisive(other)
    assert decisive(one) != decisive(Params.model_validate({"train": {"seed": 1}}))


def test_a_written_model_can_be_read_again():
    params = Params.model_validate({"features": {"kinds": ["chroma"], "sample_rate": 8000}})
    again = Params.model_validate(decisive(params))
    assert again.features.front_end() == params.features.front_end()


def test_parameters_are_counted():
    head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert sizes_of(head, head.trainable_weights, 100) == {"head": 15, "trainable": 15, "backbone": 100}
