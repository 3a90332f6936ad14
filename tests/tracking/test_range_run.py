import json

import pytest

from earmark.provenance import Provenance
from earmark.tracking import record, record_rates


@pytest.fixture
def rates(tmp_path):
    """A range test's folder, as ``earmark rates`` leaves it."""
    folder = tmp_path / "rates"
    folder.mkdir()
    rows = ["step,learning_rate,loss,smoothed", "0,1e-7,2.0,2.0", "1,1e-3,1.0,1.5"]
    (folder / "rates.csv").write_text("\n".join(rows) + "\n")
    (folder / "rates.png").write_bytes(b"picture")
    (folder / "rates.json").write_text(json.dumps({"stage": 1, "suggestion": 1e-4, "exploded": True}))
    Provenance("rates", 1, "cd" * 10).write(folder)
    return folder


def test_a_range_test_is_a_run_beside_the_model_s(params, prepared, model, rates, server):
    client, run_id = server.client(), record_rates(params, prepared, rates, server)
    assert record(params, prepared, model, None, server) != run_id
    run = client.get_run(run_id)
    assert run.info.run_name == "rates-earmark_base-final-cdcdcd" and run.info.status == "FINISHED"
    assert run.data.metrics["rates/suggestion"] == 1e-4
    points = client.get_metric_history(run_id, "rates/smoothed")
    assert [(point.step, point.value) for point in points] == [(0, 2.0), (1, 1.5)]
    assert run.data.tags["earmark.rates_key"] == "cd" * 10 and "earmark.model_key" not in run.data.tags
    assert [file.path for file in client.list_artifacts(run_id, "figures")] == ["figures/rates.png"]
    assert record_rates(params, prepared, rates, server) == run_id
    assert client.get_run(run_id).to_dictionary() == run.to_dictionary()
