import numpy as np
import pytest

from earmark.evaluation import charts
from earmark.evaluation.census import CrossTable, Size
from earmark.evaluation.fates import Votes
from earmark.evaluation.style import DARK, LIGHT, png
from earmark.evaluation.voices import Voices


def gender_table(k):
    rows = [(f"class {i:02d}", [Size(3, 0.1, 1), None, Size(1, 0.1, 1)]) for i in range(k)]
    return CrossTable("gender", ["female", "male", "not stated"], [*rows, (None, [Size(4, 0.1, 1)] * 3)])


def numbers(k, n=50):
    rng = np.random.default_rng(0)
    return {f"class {i:02d}": rng.normal(i, 1, n) for i in range(k)}


def voice(*counts, unknown=0):
    return Voices("a", np.array(counts, dtype=np.int64), "x", unknown)


def test_stacked_shares_fill_the_bar():
    (axes,) = charts.shares(LIGHT, gender_table(3)).axes
    widths = np.array([[bar.get_width() for bar in group] for group in axes.containers])
    assert widths.sum(axis=0) == pytest.approx([1, 1, 1])
    assert [group.get_label() for group in axes.containers] == ["female", "male", "not stated"]
    assert axes.containers[-1][0].get_hatch()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_ages_are_shades(theme):
    table = CrossTable("age", ["teens", "twenties"], [("a", [Size(1, 0, 1), Size(1, 0, 1)])])
    (axes,) = charts.shares(theme, table).axes
    colours = [group[0].get_facecolor() for group in axes.containers]
    assert colours[1] == theme.shades()(1.0) != colours[0]


@pytest.mark.parametrize("k", [1, 2, charts.OVERLAID])
def test_few_classes_are_drawn_over_one_another(k):
    (axes,) = charts.distribution(LIGHT, numbers(k), charts.DURATION).axes
    assert len(axes.patches) == k
    assert axes.get_xlabel() == "duration, s"
    assert max(patch.get_data().values.max() for patch in axes.patches) < axes.get_ylim()[1]


@pytest.mark.parametrize("k", [5, 12, 40])
def test_many_classes_get_a_picture_each(k):
    figure = charts.distribution(LIGHT, numbers(k), charts.LEVEL)
    drawn = [axes for axes in figure.axes if axes.get_visible()]
    assert len(drawn) == min(k, charts.MOST_CLASSES)
    highest = max(patch.get_data().values.max() for axes in drawn for patch in axes.patches)
    assert all(axes.get_ylim()[1] > highest for axes in drawn)


def test_shares_of_a_distribution_sum_to_one():
    (axes,) = charts.distribution(LIGHT, numbers(2, 500), charts.LEVEL).axes
    assert [patch.get_data().values.sum() for patch in axes.patches] == pytest.approx([1, 1])


def test_constant_durations_are_drawn():
    assert png(lambda theme: charts.distribution(theme, {"a": np.ones(9), "b": np.empty(0)}, charts.DURATION))


def test_whole_numbers_get_a_bar_each():
    values = {"a": np.array([0.0, 1, 2, 2, 3])}
    (axes,) = charts.distribution(LIGHT, values, charts.UP_VOTES).axes
    assert axes.patches[0].get_data().edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]


def test_votes_before_and_after():
    voted = {"a": Votes(np.array([0.0, 1, 2, 9]), np.array([9.0])), "b": Votes(np.array([1.0]), np.empty(0))}
    figure = charts.votes(LIGHT, voted)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]
    after = figure.axes[0].patches[1].get_data()
    assert after.values[-1] == 1


def test_dominance_names_what_is_unknown_only_if_something_is():
    legend = [group.get_label() for group in charts.dominance(LIGHT, [voice(5, 3)]).axes[0].containers]
    assert legend == ["biggest speaker", "2nd to 5th"]
    legend = [group.get_label() for group in charts.dominance(LIGHT, [voice(5, unknown=2)]).axes[0].containers]
    assert legend == ["biggest speaker", "unknown"]


@pytest.mark.parametrize(("counts", "scale"), [((5, 5, 5), "linear"), ((3, 2, 1), "linear"), ((900, 40, 1), "log")])
def test_clips_per_speaker_count_every_speaker(counts, scale):
    (axes,) = charts.clips_per_speaker(LIGHT, [voice(*counts), voice()]).axes
    assert axes.get_xscale() == scale
    assert axes.patches[0].get_data().values.sum() == 3


def test_long_names_are_cut():
    table = CrossTable("gender", ["a value of many words"], [("a class of many words", [Size(1, 0, 0)])])
    (axes,) = charts.shares(LIGHT, table).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a class of many…"]
