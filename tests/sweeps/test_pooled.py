from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.sweeps.pooled import pooled


@pytest.fixture
def fold(tmp_path):
    """Writes what pooling reads of a study: speakers by clip, and (split, label, p_a, p_b) by clip."""

    def write(name, answers):
        folder = tmp_path / name
        folder.mkdir()
        clips = [{"clip_id": f"{name}{i}", "speaker": f"s{i // 2}"} for i in range(len(answers))]
        pq.write_table(pa.Table.from_pylist(clips), folder / "manifest.parquet")
        rows = [
            {"clip_id": clip["clip_id"], "split": split, "label": label, "predicted": "", "p_a": a, "p_b": b}
            for clip, (split, label, a, b) in zip(clips, answers, strict=True)
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / "predictions.parquet")
        return SimpleNamespace(manifest=folder / "manifest.parquet", evaluation=folder)

    return write


def test_all_test_answers_are_judged_as_one_set(fold):
    first = fold("x", [("test", "a", 0.9, 0.1), ("test", "b", 0.8, 0.2), ("val", "b", 1.0, 0.0)])
    second = fold("y", [("test", "a", 0.7, 0.3), ("test", "a", 0.6, 0.4)])
    found = pooled([first, second], 50)
    assert (found["n"], found["accuracy"], found["balanced_accuracy"]) == (4, 0.75, 0.5)
    low, high = found["ci95"]["accuracy"]
    assert 0 <= low <= 0.75 <= high <= 1
    assert "ci95" not in pooled([first], 0)
