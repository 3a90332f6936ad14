import numpy as np
import pytest

from earmark.config import Params
from earmark.models.augment import Augmenter
from earmark.models.batches import Batches
from earmark.models.images import ImagePart
from earmark.models.inputs import network_input
from earmark.models.noise import Noise
from earmark.models.normalise import over_training_clips
from earmark.models.rooms import Rooms

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


KINDS = ["shift", "speed", "pitch", "equaliser", "reverberation", "noise", "babble", "mask", "mixup"]


def with_recordings(params):
    """The augmenter of ``params`` over drawn noise and rooms."""
    power = np.random.default_rng(3).exponential(1, (900, 40)).astype(np.float32)
    noise, rooms = Noise(power, np.array([0, 30, 900])), Rooms([np.geomspace(1, 1e-3, 40)[None] * np.ones((40, 1))])
    return Augmenter.of(params.features, params.train, noise, rooms)


@pytest.mark.parametrize("any_length", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_each_alone_changes_training_images_by_seed_and_epoch_and_no_validation_image(kind, any_length):
    images = part([40] * 16)
    plain, feed = (batches(images, any_length, augment=augment, seed=4) for augment in ([], [kind]))
    recorded = Batches(images, feed.params, 2, any_length, with_recordings(feed.params))
    before = images.pixels.copy()
    for made in (feed, recorded):
        first, again, later = (list(made.epoch(number)) for number in (3, 3, 4))
        for one, other in zip(first, again, strict=True):
            assert one.inputs.tobytes() == other.inputs.tobytes() and one.targets.tobytes() == other.targets.tobytes()
        assert first[0].inputs.tobytes() != later[0].inputs.tobytes()
        unchanged = [batch.inputs for batch in plain.epoch(3)]
        assert any(not np.array_equal(one.inputs, other) for one, other in zip(first, unchanged, strict=True))
        for one, other in zip(made.plain(), plain.plain(), strict=True):
            np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_array_equal(images.pixels, before)


@pytest.mark.parametrize("normalise", ["band_mean", "clip", "global", "none"])
def test_shorter_clips_are_continued_at_their_band_means(normalise):
    images = part([20, 61])
    params = Params.model_validate({"backbone": {"normalise": normalise}, "train": {"mode": "scratch"}})
    inputs = [network_input(images.image(row), params.backbone, params.features) for row in range(2)]
    scaling = over_training_clips(inputs) if normalise == "global" else None
    (batch,) = Batches(images, params, 2, any_length=True, scaling=scaling).plain()
    short, own = batch.inputs[0, :, :, 0], batch.inputs[0, :, 22:42, 0]
    assert short.shape == (40, 64)
    np.testing.assert_allclose(
        np.delete(short, range(22, 42), axis=1), own.mean(axis=1)[:, None] * np.ones(44), atol=1e-4
    )
    expected = inputs[0] if scaling is None else scaling.apply(inputs[0])
    np.testing.assert_allclose(own, expected[..., 0], atol=1e-5)
    deviation = {"band_mean": 23, "clip": 1, "global": 1, "none": 23}[normalise]
    assert own.std() == pytest.approx(deviation, rel=0.1)
