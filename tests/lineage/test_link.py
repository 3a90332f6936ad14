from earmark.lineage.link import Link, recorded_key
from earmark.provenance import Provenance


def test_a_link_is_whole_while_nothing_is_wrong():
    assert Link("model", "k").is_whole and not Link("model", "k", "", ["gone"]).is_whole


def test_a_product_records_its_key(tmp_path):
    Provenance("train", 1, "abc").write(tmp_path)
    assert recorded_key(tmp_path) == "abc"
    assert recorded_key(tmp_path / "nothing") is None
