import pytest

from earmark.training import HeadLayer, StageParams, TrainParams


def test_a_training_without_stages_is_one_stage():
    [stage] = TrainParams(epochs=7, learning_rate=0.1, schedule="cosine", unfreeze=3).plan()
    assert (stage.epochs, stage.learning_rate, stage.schedule, stage.unfreeze) == (7, 0.1, "cosine", 3)


def test_stages_take_what_they_do_not_say_from_the_training():
    stages = [StageParams(epochs=7, unfreeze=0), StageParams(epochs=12, learning_rate=1e-4)]
    first, second = TrainParams(mode="tune", learning_rate=0.01, stages=stages).plan()
    assert (first.unfreeze, first.learning_rate) == (0, 0.01)
    assert (second.unfreeze, second.learning_rate, second.layer_rates) == ("all", 1e-4, [1.0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"augment": ["noise"]}, "augment needs a network that reads images: mode tune or scratch"),
        ({"stages": [{"epochs": 2}]}, "stages needs a network that reads images"),
        ({"precision": "mixed"}, "precision: mixed needs a network that reads images: mode tune or scratch"),
        ({"average": 0.99}, "average needs a network that reads images"),
        ({"members": 3}, "members needs a network that reads images"),
        ({"mode": "scratch", "unfreeze": 4}, "would leave random layers as they are"),
        ({"head": "custom"}, "head: custom needs it"),
        ({"head_layers": ["gap"]}, "head_layers belongs to head: custom"),
        ({"head": "custom", "head_layers": [{"dense": 3}, "gap"]}, "gap or flatten only as the first"),
        ({"head": "custom", "head_layers": [{"dense": 3, "dropout": 0.1}]}, "one of"),
    ],
)
def test_contradictions_of_a_training_are_explained(values, words):
    with pytest.raises(ValueError, match=words):
        TrainParams.model_validate(values)


def test_an_epoch_belongs_to_a_stage():
    stages = [StageParams(epochs=2), StageParams(epochs=3, learning_rate=1e-4)]
    params = TrainParams(mode="tune", learning_rate=0.01, stages=stages)
    assert [params.stage_of(epoch).learning_rate for epoch in (0, 1, 2, 4, 9)] == [0.01, 0.01, 1e-4, 1e-4, 1e-4]


def test_what_is_not_used_decides_nothing():
    assert not {"precision", "average", "members"} & TrainParams().recipe().keys()
    assert TrainParams(mode="tune", average=0.9).recipe()["average"] == 0.9
    assert TrainParams(mode="tune", precision="mixed").recipe()["precision"] == "mixed"


@pytest.mark.parametrize(
    ("change", "stage", "matters"),
    [
        ({"learning_rate": 1}, 1, False),
        ({"schedule": "cosine", "early_stopping": 3, "average": 0.9}, 1, False),
        ({"batch_size": 7}, 1, True),
        ({"optimizer": "sgd"}, 1, True),
        ({"stages": [{"epochs": 1, "unfreeze": 0}, {"epochs": 1}]}, 1, True),
        ({"stages": [{"epochs": 9}, {"epochs": 1}]}, 1, False),
        ({"stages": [{"epochs": 9}, {"epochs": 1}]}, 2, True),
        ({"stages": [{"epochs": 1}, {"epochs": 9, "learning_rate": 1}]}, 2, False),
        ({"early_stopping": 3}, 2, True),
    ],
)
def test_a_range_test_depends_on_all_but_what_it_looks_for(change, stage, matters):
    before = {"mode": "tune", "stages": [{"epochs": 1}, {"epochs": 1}]}
    first, second = (TrainParams.model_validate(values).ranged(stage) for values in (before, before | change))
    assert (first != second) == matters


def test_a_layer_is_dense_or_dropout():
    assert HeadLayer(dense=3, activation="elu").plain() == {"dense": 3, "dropout": None, "activation": "elu"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"augment": ["shift", "warp"]}, "warp is called pitch"),
        ({"noise": "data/noise"}, r"noise is for augment: \[noise\], which is not asked for"),
        ({"augment": ["noise"], "rooms": "data/rooms"}, r"rooms is for augment: \[reverberation\]"),
        ({"augment": ["noise"], "snr_db": [40, 0]}, r"snr_db \[40, 0\]: the lower level first"),
        ({"augment": ["noise"], "snr_db": [40]}, "snr_db"),
    ],
)
def test_contradictions_of_augmentation_are_explained(values, words):
    with pytest.raises(ValueError, match=words):
        TrainParams.model_validate({"mode": "tune", **values})


def test_a_recipe_is_what_decides_a_model():
    plain = TrainParams(mode="tune").recipe()
    assert not {"snr_db", "noise", "rooms"} & plain.keys() and plain["mode"] == "tune"
    assert TrainParams(mode="tune", snr_db=[5, 9]).recipe() == plain, "nothing has this level"
    assert TrainParams(mode="tune", snr_db=[5, 9], augment=["babble"]).recipe()["snr_db"] == [5, 9]
    asked = TrainParams(mode="tune", augment=["noise", "reverberation"], noise="a", rooms="b")
    assert asked.recipe() == TrainParams(mode="tune", augment=["noise", "reverberation"]).recipe()
    assert {name: str(folder) for name, folder in asked.folders().items()} == {"noise": "a", "rooms": "b"}
