import pytest

from earmark import config
from earmark.errors import EarmarkError
from earmark.space import Range, SearchParams


def searching(**space):
    return {"search": {"space": {name.replace("__", "."): values for name, values in space.items()}}}


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"train__learning_rat": [1]}, "train.learning_rat: unknown key; did you mean 'learning_rate'?"),
        ({"train__head": ["final", "finl"]}, "train.head: finl: "),
        ({"train__batch_size": {"low": 8, "high": 63}}, "got a number with a fractional part (found 35.5)"),
        ({"train__head": ["custom", "final"]}, "head: custom needs it"),
        ({"split__seed": [0, 1]}, "only params of features, backbone, train can be searched"),
        ({"train__head": []}, "give different choices, each once"),
        ({"train__seed": [1, 1]}, "give different choices, each once"),
        ({"train__seed": {"low": 3, "high": 3}}, "low 3 is not below high 3"),
        ({"train__seed": {"low": 0, "high": 3, "log": True}}, "a logarithmic range begins above 0"),
        ({"train__seed": {"low": 0.5, "high": 3, "int": True}}, "not both whole numbers"),
        ({"train__seed": {"low": 1}}, "high: Field required"),
    ],
)
def test_what_is_wrong_with_a_space_is_said_with_its_name(space, words):
    with pytest.raises(EarmarkError) as caught:
        config.parse(searching(**space))
    assert words in str(caught.value)


def test_values_that_only_fit_together_may_be_searched():
    space = searching(train__head=["custom", "final"], train__head_layers=[None, ["gap"]])
    assert config.parse(space).search.tried.keys() == {"train.head", "train.head_layers"}


def test_an_overlay_can_take_a_param_out_of_the_space():
    values = config.merge(searching(train__seed=[0, 1], train__head=["final"]), searching(train__seed=None))
    assert config.parse(values).search.tried == {"train.head": ["final"]}


def test_only_validation_figures_choose():
    with pytest.raises(EarmarkError, match=r"search.metric"):
        config.parse({"search": {"metric": "test_accuracy"}})


def test_a_search_decides_no_result_of_the_study():
    plain, searched = config.parse({}), config.parse(searching(train__seed=[0, 1]))
    assert plain.digest() == searched.digest()
    assert plain.flat() == searched.flat()
    assert plain.resolved() != searched.resolved()


def test_a_resolved_space_reads_the_same_again():
    params = config.parse(searching(train__seed={"low": 0, "high": 8, "int": True}, train__head=["final", "linear"]))
    assert config.parse(params.resolved()) == params


def test_a_range_knows_its_numbers():
    numbers = Range(low=1, high=4, int=True)
    assert numbers.examples() == [1, 4]
    assert (numbers.fits(4), numbers.fits(5), numbers.fits("4")) == (True, False, False)
    assert SearchParams().tried == {}


def test_varied_params_are_validated():
    params = config.parse({})
    assert config.vary(params, {"features.window": {"seconds": 2}}).features.window.seconds == 2
    with pytest.raises(EarmarkError, match=r"train.seed: -1: .*\n.*train.seed"):
        config.vary(params, {"train.seed": -1})
