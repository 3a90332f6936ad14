from earmark.evaluation.attributes import attributes
from earmark.evaluation.census import FORMAT


def test_columns_vary_stay_the_same_or_are_not_stated(surveyed):
    census = surveyed([{"label": "a", "gender": "male", "language": "en"}, {"label": "b", "language": "en"}])
    found = attributes(census, "label")
    assert list(found.tables) == ["gender"]
    assert found.constant == {"language": "en", FORMAT: "WAV PCM_16, 16000 Hz, 1 ch"}
    assert found.unstated == ["age", "accent"]


def test_the_class_is_no_attribute_of_itself(surveyed):
    census = surveyed([{"label": "male", "gender": "male"}, {"label": "female", "gender": "female"}])
    for label in ("gender", "label"):
        found = attributes(census, label)
        assert "gender" not in {**found.tables, **found.constant} and "gender" not in found.unstated


def test_an_attribute_that_tells_the_class_is_not_the_class(surveyed):
    census = surveyed([{"label": "en", "gender": "male"}, {"label": "de", "gender": "female"}])
    assert "gender" in attributes(census, "language").tables
