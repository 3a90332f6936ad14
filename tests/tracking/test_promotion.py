"""Models of one study are promoted one over the other by what they answered; as the command does it."""

import json
from shutil import copytree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from earmark.cli import main
from earmark.errors import EarmarkError
from earmark.promotion import promote
from earmark.provenance import Provenance
from earmark.serving.app.model import Served
from earmark.tracking import Registry, record
from earmark.tracking.fetched import model_folder

CLIPS = 20


@pytest.fixture
def trained(params, prepared, model, evaluation, server, tmp_path):
    """Record a model that answered so many of twenty test clips rightly; the name of its run."""

    def trained(right, first="clip"):
        key = f"{right:02d}{len(first)}" + "f" * 17
        own, judged = (copytree(folder, tmp_path / f"{folder.name}-{key}") for folder in (model, evaluation))
        Provenance("train", 1, key, inputs={"manifest": "d" * 20}).write(own)
        rows = [
            {"clip_id": f"{first} {i}", "split": "test", "label": "a", "predicted": "ab"[i >= right]}
            for i in range(CLIPS)
        ]
        pq.write_table(pa.Table.from_pylist(rows), judged / "predictions.parquet")
        run_id = record(params, prepared, own, judged, server)
        return server.client().get_run(run_id).info.run_name

    return trained


def champion(server):
    return Registry(server, "toy").champion().info.run_name


def test_a_worse_model_is_refused_unless_forced(trained, server):
    good, worse = trained(19), trained(10)
    first = promote(good, server=server)
    assert (first.version, first.before, first.words) == ("1", None, "It is the first.")
    with pytest.raises(EarmarkError, match=r"not promoted.*on 10 \(50.0%\), the other on 19.*--force promotes it"):
        promote(worse, server=server)
    assert champion(server) == good
    forced = promote(worse, force=True, server=server)
    assert (forced.version, forced.words[-18:]) == ("2", "Promoted by force.")
    assert champion(server) == worse
    back = promote(good, server=server)
    assert (back.version, back.paired.is_better) == ("1", True)


def test_a_champion_that_was_never_judged_is_replaced_by_force_only(trained, server):
    promote(trained(19), server=server)
    first = Registry(server, "toy").champion()
    client = server.client()
    by_hand = client.create_model_version("earmark-toy", first.info.artifact_uri)  # without a run
    client.set_registered_model_alias("earmark-toy", "champion", by_hand.version)
    later = trained(17)
    with pytest.raises(EarmarkError, match=r"the champion cannot be compared: .*--force promotes"):
        promote(later, server=server)
    assert "could not be compared" in promote(later, force=True, server=server).words
    assert champion(server) == later


def test_models_that_chance_could_part_follow_each_other(trained, server):
    promote(trained(19), server=server)
    later = promote(trained(17), server=server)
    assert "cannot be told apart" in later.words
    assert promote(later.run_id, server=server).words == "It is the champion already."


def test_what_has_no_clip_in_common_is_refused(trained, server):
    promote(trained(10), server=server)
    with pytest.raises(EarmarkError, match="no test clip in common"):
        promote(trained(20, first="another"), server=server)


def test_the_command_says_what_it_compared(trained, server, monkeypatch):
    monkeypatch.setattr("earmark.promotion.Server.find", lambda: server)
    names = [trained(10), trained(18), trained(2)]
    first, second, third = (CliRunner().invoke(main, ["promote", name, "--json"]) for name in names)
    assert json.loads(first.output)["paired"] is None
    said = json.loads(second.output)
    assert (said["model"], said["version"], said["paired"]["only_new"]) == ("earmark-toy", "2", 8)
    assert said["paired"]["p"] == pytest.approx(2 / 2**8)
    assert third.exit_code == 1 and "is worse than it" in third.output


def test_the_champion_is_what_the_page_can_serve_by_its_address(trained, server, tmp_path):
    promote(trained(19), server=server)
    served = Served(model_folder("models:/earmark-toy@champion", tmp_path / "fetched", server), "earmark-toy@champion")
    about = served.about()
    assert (about["name"], about["labels"]) == ("earmark-toy@champion", ["a", "b"])
    predictions = served.folder.parent / "predictions.parquet"
    right = [row["predicted"] == row["label"] for row in pq.read_table(predictions).to_pylist()]
    assert sum(right) == 19, "its own answers lie beside it"
