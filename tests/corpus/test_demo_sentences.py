import pytest

from earmark.corpus.demo_sentences import PHRASES, sentences


@pytest.mark.parametrize("locale", PHRASES)
def test_three_slots_of_fourteen_phrases_make_distinct_sentences(locale):
    assert [len(slot) for slot in PHRASES[locale]] == [14, 14, 14]
    spoken = sentences(locale)
    assert len(set(spoken)) == len(spoken) == 14**3
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in spoken)
