"""A network trained on the images of shards."""

import keras
import numpy as np
import pytest

from earmark.errors import EarmarkError
from earmark.models.feed import ImageFeed
from earmark.shards.dataset import ShardDataset

CLIPS = 60
LABELS = {f"c{clip:03}": ("high", "low")[clip % 2] for clip in range(CLIPS)}


def image(clip, dtype, height=6):
    """Dark, with a bright band at the top (even clips) or at the bottom."""
    levels = np.random.default_rng(clip).integers(0, 60, (height, 9 + clip % 4))
    levels[-2 if clip % 2 == 0 else 1] += 150
    return (levels if dtype == "uint8" else levels * (80 / 255) - 80).astype(dtype)


@pytest.fixture
def write(image_shard):
    def make(path, dtype="uint8", heights=None):
        heights = heights or {"mel": 6}
        images = [{kind: image(clip, dtype, height) for kind, height in heights.items()} for clip in range(CLIPS)]
        return image_shard(path, [(clip, 0, row) for clip, row in zip(LABELS, images, strict=True)])

    return make


@pytest.fixture
def data(tmp_path, write):
    return ShardDataset([write(tmp_path / "all.parquet")], labels=LABELS, frames=10, buffer=3)


def epoch(feed, indices=None):
    """What ``fit`` sees in one epoch."""
    batches = [feed[index] for index in (range(len(feed)) if indices is None else indices)]
    feed.on_epoch_end()
    return batches


def test_a_network_learns_from_shards(data):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 80, offset=1), keras.layers.AveragePooling2D((1, 10)), keras.layers.Flatten()]
    network = keras.Sequential([keras.Input((6, 10, 1)), *layers, keras.layers.Dense(2, activation="softmax")])
    network.compile(keras.optimizers.Adam(0.2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    feed, validation = ImageFeed(data, 8, seed=1), ImageFeed(data, 8)
    history = network.fit(feed, validation_data=validation, epochs=2, verbose=0).history
    assert history["val_accuracy"][-1] == 1 and history["val_loss"][1] < history["val_loss"][0]
    classes = np.concatenate([classes for _, classes in epoch(validation)])
    np.testing.assert_array_equal(network.predict(validation, verbose=0).argmax(axis=1), classes)


def test_batches_are_decibels_and_classes(data):
    images, classes = ImageFeed(data, 16)[0]
    assert images.shape == (16, 6, 10, 1) and images.dtype == np.float32 and classes.tolist() == [0, 1] * 8
    np.testing.assert_allclose(images[1, :, :, 0], image(1, "float16"), atol=0.05)
    raw, _ = ImageFeed(data, 16, floats=False)[0]
    assert raw.dtype == np.uint8
    np.testing.assert_array_equal(raw[1, :, :, 0], image(1, "uint8"))


def test_halves_are_the_same_decibels(data, tmp_path, write):
    half = ShardDataset([write(tmp_path / "half.parquet", "float16")], labels=LABELS, frames=10)
    np.testing.assert_allclose(ImageFeed(half, 60)[0][0], ImageFeed(data, 60)[0][0], atol=0.2)


def test_an_epoch_is_every_row_once_in_whatever_order_batches_are_asked_for(data):
    feed, in_order = ImageFeed(data, 7, seed=3), ImageFeed(data, 7, seed=3)
    first = feed[5], feed[0]  # as Keras looks at some batches before the first epoch
    asked = epoch(feed, [5, 0, 3, 1, 8, 7, 2, 6, 4])
    for one, other in zip(asked, epoch(in_order), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    for one, other in zip(first, asked, strict=False):
        np.testing.assert_array_equal(one[0], other[0])
    assert sum(len(classes) for _, classes in asked) == CLIPS
    assert sorted(np.concatenate([classes for _, classes in asked]).tolist()) == [0] * 30 + [1] * 30


def test_every_epoch_has_its_own_order(data):
    feed, again = ImageFeed(data, 60, seed=3), ImageFeed(data, 60, seed=3)
    first, second = epoch(feed)[0][0], epoch(feed)[0][0]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, epoch(again)[0][0])


def test_kinds_of_one_height_are_channels(tmp_path, write):
    path = write(tmp_path / "two.parquet", heights={"mel": 6, "mel_delta": 6, "chroma": 5})
    data = ShardDataset([path], ["mel", "mel_delta"], LABELS, frames=10)
    images, _ = ImageFeed(data, 4)[0]
    assert images.shape == (4, 6, 10, 2)
    with pytest.raises(EarmarkError, match="do not stack"):
        ImageFeed(ShardDataset([path], ["mel", "chroma"], LABELS, frames=10))


@pytest.mark.parametrize("settings", [{"labels": LABELS}, {"frames": 10}])
def test_what_cannot_be_fed_is_refused(tmp_path, settings, write):
    with pytest.raises(EarmarkError, match="one length and their classes"):
        ImageFeed(ShardDataset([write(tmp_path / "all.parquet")], **settings))
