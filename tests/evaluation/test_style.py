import io

import pytest
from PIL import Image

from earmark.evaluation.style import DARK, LIGHT, Theme, png, webp


def draw(theme: Theme):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1], color=theme.first)
    return figure


def test_bytes_depend_on_the_content_only():
    assert png(draw) == png(draw)


def test_no_software_and_no_date_in_the_file():
    assert set(Image.open(io.BytesIO(png(draw))).info) <= {"dpi"}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_paper_has_the_theme_s_colour(theme):
    corner = Image.open(io.BytesIO(png(draw, theme))).convert("RGB").getpixel((0, 0))
    assert "#" + bytes(corner).hex() == theme.paper


def test_webp_is_a_picture_of_the_same_size():
    assert webp(draw) == webp(draw)
    assert Image.open(io.BytesIO(webp(draw))).size == Image.open(io.BytesIO(png(draw))).size


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_series_differ_until_they_begin_again(theme):
    colours = theme.series(10)
    assert len(set(colours[:8])) == 8
    assert colours[8:] == [theme.first, theme.second]
