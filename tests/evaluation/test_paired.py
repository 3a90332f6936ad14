import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.evaluation.paired import Paired, compare


def answers(path, right, split="test", label="a"):
    """Predictions in which the clips that are numbered in ``right`` (of ten) are answered rightly."""
    rows = [
        {"clip_id": f"{number}", "split": split, "label": label, "predicted": label if number in right else "other"}
        for number in range(10)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_only_the_clips_that_differ_tell_models_apart(tmp_path):
    new, old = answers(tmp_path / "new", range(9)), answers(tmp_path / "old", range(2, 10))
    found = compare(new, old)
    assert found == Paired(n=10, both=7, only_new=2, only_old=1)
    assert found.p == 1.0 and not found.is_worse and not found.is_better
    assert "right on 9 (90.0%)" in found.words and "cannot be told apart" in found.words


@pytest.mark.parametrize(("only_new", "only_old", "p"), [(6, 0, 2 / 2**6), (0, 6, 2 / 2**6), (1, 9, 2 * 11 / 2**10)])
def test_the_p_value_is_that_of_a_fair_coin(only_new, only_old, p):
    found = Paired(50, 20, only_new, only_old)
    assert found.p == pytest.approx(p)
    assert (found.is_better, found.is_worse) == (only_new > only_old, only_new < only_old)
    assert ("is better than it" if only_new > only_old else "is worse than it") in found.words


def test_clips_that_one_learnt_from_or_labels_otherwise_are_not_compared(tmp_path):
    new = answers(tmp_path / "new", range(10))
    for other in ({"split": "val"}, {"label": "b"}):
        found = compare(new, answers(tmp_path / "old", range(10), **other))
        assert (found.n, found.p) == (0, 1.0)
    assert "no test clip in common" in found.words


def test_models_that_are_always_right_are_equal(tmp_path):
    path = answers(tmp_path / "new", range(10))
    assert compare(path, path) == Paired(10, 10, 0, 0)
    assert compare(path, path).p == 1.0
