"""Sizes of the recipes' networks; the larger ones are in the table, which no test need build."""

from pathlib import Path

import pytest

from earmark import config
from earmark.errors import EarmarkError
from earmark.models.cost import cost_of, image_of

ROOT = Path(__file__).resolve().parents[2]


def params(name):
    return config.load(ROOT / "params.yaml", ROOT / "recipes" / f"{name}.yaml")


@pytest.mark.parametrize(
    ("recipe", "classes", "total", "trainable"),
    [
        ("gender-mandel", 2, 2_987_146, 2_987_146),
        ("keywords-light-cnn", 12, 723_968, 723_454),
        ("keywords-vgg16-scratch", 12, 23_676_748, 23_659_340),
        ("gender-vgg16", 2, 14_714_688 + 1_573_634, 3 * 2_359_808 + 1_573_634),
        ("gender-vgg16-10-frozen", 2, 14_714_688 + 1_573_634, 14_552_834),
        ("language-mobilenet-v2", 3, 2_257_984 + 657_411, 657_411),
        ("language-cnn-voxforge", 5, 422_821, 421_861),
    ],
)
def test_a_recipes_network_has_the_published_parameters(recipe, classes, total, trainable):
    cost = cost_of(params(recipe), classes)
    assert (cost.parameters, cost.trainable) == (total, trainable)
    assert cost.macs > 0


def test_images_are_as_the_network_reads_them():
    assert image_of(params("keywords-light-cnn")) == "161 × 99 × 1"
    assert image_of(params("gender-vgg16")) == "128 × 100 × 3"


def test_images_of_any_length_have_no_one_cost():
    with pytest.raises(EarmarkError, match="images of any length"):
        cost_of(params("real-gender"), 2)
