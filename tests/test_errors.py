from earmark.errors import nearest


def test_a_near_miss_is_named_and_else_all_that_there_are():
    assert nearest("real-gendr", ["real-gender", "real-digits"]) == "did you mean 'real-gender'?"
    assert nearest("xyz", {"one": 1, "two": 2}) == "there are: one, two"
