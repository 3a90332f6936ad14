import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.corpus.texts import Text, by_language, drawn, folded, holding, read_texts
from earmark.errors import EarmarkError

SPEECH_COMMANDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
DSPSPEECH = (
    "数字 语音 语言 识别 中国 总工 北京 背景 上海 商行 复旦 饭店 Speech Speaker Signal Process Print Open Close Project"
)


def table(tmp_path, *lines):
    path = tmp_path / "texts.csv"
    path.write_text("\n".join(["label,language,text", *lines]) + "\n", encoding="utf-8")
    return path


def test_rows_are_read_in_order_and_once(tmp_path):
    path = table(tmp_path, "en,en-us,good morning", 'en,en,"well, well"', "en,en-us,good morning", "zh,cmn,你好")
    found = read_texts(path)
    assert found == [
        Text("en", "en-us", "good morning"),
        Text("en", "en", "well, well"),
        Text("zh", "cmn", "你好"),
    ]
    assert list(by_language(found)) == ["cmn", "en", "en-us"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no texts; a row holds label, language, text"),
        (["en,en-us,hello", "en,,hello"], "row 3 has nothing in column 'language'"),
        (["a,en-us,hello", "b,en-us,hello"], "row 3: 'hello' in en-us has another label above"),
    ],
)
def test_wrong_tables_are_explained(tmp_path, lines, words):
    with pytest.raises(EarmarkError, match=words):
        read_texts(table(tmp_path, *lines))


def test_a_missing_table_or_column_is_named(tmp_path):
    with pytest.raises(EarmarkError, match=r"data\.synthetic\.texts: .*nowhere\.csv: no such file"):
        read_texts(tmp_path / "nowhere.csv")
    (tmp_path / "t.csv").write_text("label,text\na,b\n")
    with pytest.raises(EarmarkError, match="no column 'language'"):
        read_texts(tmp_path / "t.csv")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 20), st.integers(0, 99))
def test_texts_are_drawn_once_and_the_classes_in_turn(sizes, count, seed):
    texts = [Text(f"class {label}", "en", f"{label}-{i}") for label, size in enumerate(sizes) for i in range(size)]
    found = drawn(texts, count, np.random.default_rng(seed))
    assert len(set(found)) == len(found) == min(count, len(texts))
    assert found == drawn(texts, count, np.random.default_rng(seed))
    for label, size in enumerate(sizes):
        own = sum(text.label == f"class {label}" for text in found)
        most = max(sum(text.label == f"class {other}" for text in found) for other in range(len(sizes)))
        assert own in (size, most, most - 1)


def test_a_value_is_found_anywhere_in_a_text_in_any_case():
    texts = ["the OPENING night", "pen", "请说北京大学", "北 京", "ＯＰＥＮ"]
    assert holding(texts, ["Open", "北京"]) == {"the OPENING night", "请说北京大学", "ＯＰＥＮ"}
    assert holding(texts, []) == set()
    assert folded("Straße") == folded("STRASSE")


def test_the_shipped_texts_name_no_word_of_the_language_test(project_root):
    texts = read_texts(project_root / "recipes" / "texts" / "zh-en.csv")
    assert holding((text.text for text in texts), DSPSPEECH.split()) == set()
    own = by_language(texts)
    assert {language: {text.label for text in found} for language, found in own.items()} == {
        "cmn": {"zh"},
        "en": {"en"},
        "en-us": {"en"},
    }
    assert all(len(found) > 400 for found in own.values())


def test_the_shipped_keywords_are_those_of_the_set(project_root):
    with (project_root / "recipes" / "texts" / "keywords.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["label"] for row in rows} == {*SPEECH_COMMANDS, "_unknown_"}
    assert all(row["label"] == (row["text"] if row["text"] in SPEECH_COMMANDS else "_unknown_") for row in rows)
    assert len(read_texts(project_root / "recipes" / "texts" / "keywords.csv")) == len(rows)
