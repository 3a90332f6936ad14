import keras
import numpy as np
import pytest

from earmark.models.checkpoint import Checkpoint
from earmark.models.fit import Course


@pytest.fixture
def variables():
    return [keras.Variable(np.arange(6, dtype=np.float32).reshape(2, 3)), keras.Variable(np.float32(4))]


def test_what_was_saved_comes_back(tmp_path, variables):
    checkpoint = Checkpoint(tmp_path / "key")
    course = Course([{"loss": 1.0, "val_loss": 2.0}], 0, "epochs", [3.0])
    checkpoint.save(course, variables[:1], variables[1:], [np.ones(2)])
    for variable in variables:
        variable.assign(variable * 0)
    assert checkpoint.course() == course
    assert [array.tolist() for array in checkpoint.restore(variables[:1], variables[1:])] == [[1.0, 1.0]]
    assert keras.ops.convert_to_numpy(variables[0]).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert float(variables[1]) == 4
    variables[1].assign(5.0)
    checkpoint.restore(variables[:1], None)
    assert float(variables[1]) == 5
    assert [array.tolist() for array in checkpoint.best()] == [[1.0, 1.0]]


def test_a_later_epoch_replaces_an_earlier_one(tmp_path, variables):
    checkpoint = Checkpoint(tmp_path / "key")
    for epoch in range(3):
        checkpoint.save(Course(best_epoch=epoch), variables, [], [])
    assert checkpoint.course().best_epoch == 2 and len(list(tmp_path.iterdir())) == 1


def test_damage_counts_as_nothing(tmp_path):
    (tmp_path / "course.json").write_text("{")
    assert Checkpoint(tmp_path).course() is None
