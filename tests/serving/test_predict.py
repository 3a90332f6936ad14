"""The table that the command line prints."""

import json

from earmark.serving.predict import predict_table


def test_one_row_per_file_in_order(served):
    files = [served.files[-1], served.files[0]]
    table = predict_table(served.folder, files)
    assert [(row["path"], row["label"]) for row in table] == [(str(files[0]), "up"), (str(files[1]), "down")]
    assert table == json.loads(json.dumps(table))
    assert table[0]["confidence"] == table[0]["probabilities"]["up"]
