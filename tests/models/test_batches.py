import numpy as np
import pytest

from earmark.config import Params
from earmark.models.batches import Batches
from earmark.models.images import ImagePart

N = 21


def part(lengths=None):
    """Images (40, length) of noise, two classes, three quarters of them the first."""
    rng = np.random.default_rng(0)
    lengths = np.array(lengths or rng.integers(20, 90, N))
    places = np.cumsum([0, *40 * lengths[:-1]])
    pixels = rng.integers(0, 256, 40 * lengths.sum()).astype(np.uint8)
    classes = (np.arange(len(lengths)) % 4 == 0).astype(np.int64)
    return ImagePart(pixels, {"mel": 40}, places, lengths, classes, np.arange(len(lengths)))


def batches(images, any_length=True, **train):
    params = Params.model_validate({"train": {"mode": "tune", "batch_size": 8, **train}})
    return Batches(images, params, 2, any_length)


def pictures():
    return Params.model_validate(
        {
            "backbone": {
                "name": "mobilenet_v2", "weights": "none", "normalise": "none", "image_size": [32, 48],
                "fit": "squeeze", "pooling": "avg",
            },
            "train": {"mode": "tune", "batch_size": 8},
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "augment", [[], ["shift", "noise"], ["speed", "pitch", "equaliser", "reverberation", "babble", "mask"]]
)
def test_every_example_comes_once_in_an_order_of_each_epochs_own(augment):
    feed = batches(part(), augment=augment)
    epochs = [list(feed.epoch(number)) for number in (0, 1, 0)]
    for epoch in epochs:
        assert sum(len(batch.inputs) for batch in epoch) == N and len(epoch) == len(feed) == 3
        assert all(batch.inputs.shape[1] == 40 and batch.inputs.shape[3] == 1 for batch in epoch)
        assert np.isfinite(epoch[0].inputs).all()
    for first, again in zip(epochs[0], epochs[2], strict=True):
        np.testing.assert_array_equal(first.inputs, again.inputs)
    assert any(
        a.inputs.shape != b.inputs.shape or (a.inputs != b.inputs).any() for a, b in zip(*epochs[:2], strict=True)
    )
    assert np.concatenate([batch.targets for batch in epochs[1]]).sum(axis=0).tolist() == [15, 6]


def test_plain_batches_are_the_networks_inputs_filled_up_at_both_sides():
    from earmark.models.inputs import network_input

    images = part()
    feed = batches(images, augment=["noise"])
    found = list(feed.plain())
    assert sum(len(batch.inputs) for batch in found) == N
    longest = found[-1].inputs[-1]
    row = int(np.argsort(images.frames, kind="stable")[-1])
    expected = network_input(images.image(row), feed.params.backbone, feed.params.features)
    first = (longest.shape[1] - expected.shape[1]) // 2
    np.testing.assert_array_equal(longest[:, first : first + expected.shape[1]], expected)


@pytest.mark.parametrize("augment", [[], ["shift", "speed", "noise", "babble", "mask"]])
def test_pictures_have_one_size(augment):
    params = pictures()
    params = params.model_copy(update={"train": params.train.model_copy(update={"augment": augment})})
    for batch in Batches(part(), params, 2, any_length=False).epoch(0):
        assert batch.inputs.shape[1:] == (32, 48, 3) and np.abs(batch.inputs).max() <= 1.001


def test_mixup_blends_inputs_and_targets_alike():
    images = part([40] * 8)
    plain, mixed = (next(batches(images, augment=a).epoch(0)) for a in ([], ["mixup"]))
    np.testing.assert_allclose(mixed.targets.sum(axis=1), 1, rtol=1e-6)
    assert mixed.targets.max(axis=1).min() >= 0.5
    assert not np.array_equal(mixed.inputs, plain.inputs)


def test_rare_classes_count_as_much():
    weights = {}
    for batch in batches(part(), class_weights="balanced").epoch(0):
        for target, weight in zip(batch.targets.argmax(axis=1), batch.weights, strict=True):
            weights.setdefault(int(target), []).append(weight)
    assert sum(weights[0]) == pytest.approx(sum(weights[1])) == pytest.approx(N / 2)
