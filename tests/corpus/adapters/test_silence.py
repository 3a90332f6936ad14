from earmark.corpus.adapters.silence import divided, starts


def test_division_and_starts():
    wanted = {"train": 9, "val": 2, "test": 2}
    six = divided([f"{n}.wav" for n in range(6)], wanted)
    assert {split: len(names) for split, names in six.items()} == {"train": 4, "val": 1, "test": 1}
    assert divided([f"{n}.wav" for n in reversed(range(6))], wanted) == six
    assert {split: len(names) for split, names in divided(["a", "b"], wanted).items()} == {"train": 1, "test": 1}
    assert divided(["a"], wanted) == {"train": ["a"]}
    assert set(divided(["a", "b", "c"], {**wanted, "test": 0})) == {"train", "val"}
    assert starts(3, 5) == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert starts(1, 3) == [0.0]
    assert starts(1.002, 9) == [0.0, 0.001, 0.002]
