from earmark.splits import in_order


def test_splits_have_one_order():
    given = ["external/web", "unseen", "test", "external/phone", "train", "test"]
    assert in_order(given) == ["train", "test", "unseen", "external/phone", "external/web"]
    assert in_order([]) == []
