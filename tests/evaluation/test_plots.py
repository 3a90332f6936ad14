import numpy as np
import pytest

from earmark.config import FeatureParams
from earmark.evaluation import metrics, plots
from earmark.evaluation.style import LIGHT, png

FEATURES = FeatureParams()


@pytest.mark.parametrize("k", [2, 12, 40])
def test_confusion_draws_any_number_of_classes(k):
    counts = np.arange(k * k).reshape(k, k)
    figure = plots.confusion(LIGHT, counts, [f"class {i}" for i in range(k)])
    written = [text.get_text() for text in figure.axes[0].texts]
    assert len(written) == (k * k if k <= plots.MOST_CELL_LABELS else 0)


def test_confusion_of_a_class_without_clips_is_drawn():
    assert plots.confusion(LIGHT, np.zeros((2, 2), int), ["a", "b"]).axes[0].images[0].get_array().max() == 0


def test_curves_show_training_and_validation():
    history = {name: [0.0, 1.0] for name in ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")}
    top, bottom = plots.curves(LIGHT, history, best_epoch=1).axes
    assert [axes.get_title() for axes in (top, bottom)] == ["accuracy", "loss"]
    assert [line.get_label() for line in top.lines[:2]] == ["train", "validation"]


def test_calibration_draws_the_bins(answers):
    test = answers.head.of("test")
    bins = metrics.calibration(test.truth, test.probabilities)
    top, bottom = plots.calibration(LIGHT, bins).axes
    assert top.lines[1].get_ydata() == pytest.approx([b["accuracy"] for b in bins])
    assert sum(bar.get_height() for bar in bottom.patches) == len(test.rows)


def test_examples_have_axes_in_seconds_and_hertz():
    image = np.zeros((FEATURES.n_mels, 161), np.uint8)
    figure = plots.examples(LIGHT, {"de": image, "en": image, "zh": image}, FEATURES)
    first, *_, hidden, bar = figure.axes
    assert first.images[0].get_extent()[1] == pytest.approx(161 * 200 / 16000)
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["500", "1k", "2k", "4k"]
    assert not hidden.get_visible()
    assert bar.get_ylabel().startswith("dB")


def test_one_example_has_axes_in_seconds_and_hertz():
    (axes,) = plots.example(LIGHT, np.zeros((FEATURES.n_mels, 161), np.uint8), FEATURES).axes
    assert axes.images[0].get_extent()[1] == pytest.approx(161 * 200 / 16000)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("s", "Hz")


def test_a_single_short_example_is_drawn():
    assert png(lambda theme: plots.examples(theme, {"a": np.zeros((FEATURES.n_mels, 1), np.uint8)}, FEATURES))


def test_many_classes_show_the_first():
    images = {f"{i:02d}": np.zeros((FEATURES.n_mels, 10), np.uint8) for i in range(20)}
    titles = [axes.get_title() for axes in plots.examples(LIGHT, images, FEATURES).axes]
    assert [title for title in titles if title] == [f"{i:02d}" for i in range(plots.MOST_EXAMPLES)]


def drawn(height, **settings):
    features = FeatureParams(**settings)
    image = np.random.default_rng(0).integers(0, 9, (height, 21)).astype(features.dtype)
    axes, bar = plots.examples(LIGHT, {"a": image}, features).axes
    (alone,) = plots.example(LIGHT, image, features).axes
    return axes, bar, alone


def test_frequencies_of_a_spectrogram_are_even():
    axes, bar, alone = drawn(257, kinds=["stft"])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "1k", "2k", "4k", "8k"]
    assert axes.get_yticks().tolist() == [0, 32, 64, 128, 256]
    assert (alone.get_ylabel(), bar.get_ylabel()) == ("Hz", "dB, relative to the clip's maximum")


@pytest.mark.parametrize(
    ("settings", "height", "label", "unit"),
    [
        ({"kinds": ["mfcc"], "dtype": "float16"}, 20, "MFCC", "coefficient"),
        ({"kinds": ["mfcc", "mel"], "scale": "minmax"}, 20, "MFCC", "share of the clip's range"),
        ({"kinds": ["chroma"]}, 12, "chroma, from C", "share of the frame's loudest"),
        ({"kinds": ["contrast"], "dtype": "float16"}, 7, "contrast, octave", "dB"),
    ],
)
def test_other_rows_have_numbers_and_the_kinds_name(settings, height, label, unit):
    axes, bar, alone = drawn(height, **settings)
    assert (alone.get_ylabel(), bar.get_ylabel()) == (label, unit)
    assert all(tick == round(tick) for tick in axes.get_yticks())
