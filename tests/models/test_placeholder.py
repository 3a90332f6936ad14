"""Files that stand for a network without ONNX form."""

import pytest

from earmark.models.exported import count_parameters
from earmark.models.placeholder import read_placeholder, write_placeholder


def test_it_says_why_and_how_large_the_network_is(tmp_path):
    path = tmp_path / "backbone.onnx"
    write_placeholder(path, "no operator for this", 12_345)
    assert read_placeholder(path) == "no operator for this"
    assert count_parameters(path) == 12_345
    assert path.stat().st_size < 200


@pytest.mark.parametrize("content", [b"", b"half a file", None])
def test_anything_else_is_none(content, tmp_path):
    path = tmp_path / "backbone.onnx"
    if content is not None:
        path.write_bytes(content)
    assert read_placeholder(path) is None
