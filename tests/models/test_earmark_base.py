"""The network of earmark_base."""

import numpy as np
import pytest

from earmark.models.backbones import OWN, get
from earmark.models.earmark_base import WIDTH, earmark_base


@pytest.mark.parametrize("frames", [16, 50, 241])
def test_one_row_of_maps_for_clips_of_any_length(frames):
    maps = earmark_base(40)(np.zeros((2, 40, frames, 1), np.float32))
    assert maps.shape == (2, 1, -(-frames // 4), WIDTH)


def test_registry_knows_the_width():
    assert get(OWN).width == WIDTH


def test_it_is_small():
    assert earmark_base(40).count_params() < 600_000
