import math

import pytest

from earmark.evaluation.style import DARK, LIGHT, png
from earmark.sweeps import drawings
from earmark.sweeps.drawings import History


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("importance", [{}, {"train.head": 0.75, "train.learning_rate": 0.25}])
def test_the_history_of_a_search_is_drawn_with_and_without_importance(theme, importance):
    told = History({0: 0.5, 2: 0.75}, [1], "balanced_accuracy", least=False)
    assert png(lambda theme: drawings.history(theme, told, importance), theme).startswith(b"\x89PNG")


def test_a_search_without_a_value_is_drawn_too():
    figure = drawings.history(LIGHT, History({}, [0, 1], "loss", least=True), {})
    assert [len(line.get_xdata()) for line in figure.axes[0].lines] == [0, 0, 2]


def test_the_best_so_far_only_gets_better():
    figure = drawings.history(LIGHT, History({0: 0.5, 1: 0.9, 2: 0.25}, [], "loss", least=True), {})
    assert figure.axes[0].lines[1].get_ydata().tolist() == [0.5, 0.5, 0.25]


def test_members_without_a_figure_leave_a_gap():
    values = {"validation": [0.5, math.nan], "test": [0.25, math.nan]}
    figure = drawings.members(LIGHT, ["seed=0", "seed=1"], values, "balanced accuracy")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["seed=0", "seed=1"]


def test_the_spread_shows_the_mean():
    figure = drawings.spread(LIGHT, {"accuracy": [0.25, 0.75], "macro_f1": [0.5]})
    assert figure.axes[0].lines[1].get_xdata().tolist() == [0.5, 0.5]
