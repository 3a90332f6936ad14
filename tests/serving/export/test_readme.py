"""The page beside an exported model: its table has a row per file, and its words fit the model."""

from earmark.serving.export.parity import Figures
from earmark.serving.export.readme import readme, table

FOUND = Figures(488, 0.846, (0.812, 0.876), 7, 0.21, 0.05, 0.015, "clip", 1443.6, 0.63, 6.94, 16000)
CARD = {
    "labels": ["no", "yes"],
    "sample_rate": 16000,
    "longest_seconds": 1.0,
    "window_seconds": 1.0,
    "temperature": 1.2,
}


def test_a_row_of_the_table():
    header, line, row = table({"model-int8.onnx": FOUND}).splitlines()
    assert header.count("|") == line.count("|") == row.count("|")
    assert row == ("| `model-int8.onnx` | 488 | 0.846 (0.812–0.876) | 7 | 1.5e-02, 2.1e-01 | 1,444 kB | 0.6 ms (6.9) |")


def test_words_fit_the_formats_and_what_is_known():
    text = readme(CARD, {"pipeline": FOUND, "model.onnx": FOUND})
    assert "pip install numpy soundfile onnxruntime\n" in text
    assert "16000 Hz" in text
    assert "Its confidence is calibrated." in text
    assert "**" not in text
    assert "\n\n**model-int8.onnx: worse**\n\nOn" in readme(CARD, {"pipeline": FOUND}, ["model-int8.onnx: worse"])
    text = readme(CARD | {"temperature": None}, {"pipeline": FOUND, "model.tflite": FOUND})
    assert "pip install numpy soundfile ai-edge-litert\n" in text
    assert "not calibrated" in text
