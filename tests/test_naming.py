from earmark.naming import LONGEST, name_of, short_names, text_of


def test_a_name_says_what_was_changed():
    assert name_of({"train.learning_rate": 0.0031234, "train.head": "linear"}) == "lr=0.003123 head=linear"
    assert name_of({"features.window": None, "train.augment": ["shift"]}) == 'window=null augment=["shift"]'
    assert name_of({"backbone": {"name": "vgg16", "fit": "pad"}}) == "name=vgg16 fit=pad"


def test_names_that_end_alike_keep_their_section():
    assert short_names(["train.seed", "split.seed", "train.head"]) == {
        "train.seed": "train.seed",
        "split.seed": "split.seed",
        "train.head": "head",
    }
    assert name_of({"train.seed": 1}, ["train.seed", "split.seed"]) == "train.seed=1"


def test_long_names_are_cut():
    assert len(name_of({"train.head_layers": list(range(200))})) == LONGEST


def test_values_are_short():
    assert [text_of(v) for v in (1e-5, True, [1, 2], "x")] == ["1e-05", "true", "[1,2]", "x"]
