"""The recipes' data sets in small: each recipe reads its own layout, and its network what the layout gives."""

import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from earmark import config
from earmark.audio.frontend import Frontend
from earmark.config import parse
from earmark.corpus.prepare import prepare
from earmark.models.backbones import image_shape
from earmark.models.inputs import network_input
from earmark.plan import Plan
from earmark.shards.read import read_images
from earmark.shards.write import write_mel_shard

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("small_data")]

SPLIT = {"train", "val", "test"}


@pytest.fixture(scope="module")
def raw(tmp_path_factory, project_root, shared_data):
    """``data/raw`` with five speakers of each class."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(project_root / "benchmarks")
        from small_data import make

        folder = tmp_path_factory.mktemp("small") / "raw"
        make(folder, shared_data, speakers=5)
        sys.modules.pop("small_data")
    return folder


@pytest.fixture
def prepared(raw, tmp_path, monkeypatch, project_root):
    """A recipe's plan over the small data, with its manifest made."""

    def prepared(name, **data):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("EARMARK_STORE", str(tmp_path / "store"))
        values = config.load(project_root / "params.yaml", project_root / f"recipes/{name}.yaml").plain()
        values["data"] |= {"root": str(raw / values["data"]["root"].removeprefix("data/raw/")), **data}
        values["backbone"]["weights"] = "none"
        plan = Plan.of(parse(values).plain())
        prepare(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"))
        return plan

    return prepared


@pytest.mark.parametrize(
    ("name", "data", "labels", "shape"),
    [
        ("language-resnet50", {"top": 8, "unseen": 2}, {"en", "es", "zh-CN"}, (224, 224, 3)),
        ("language-resnet50-honest", {"top": 10, "unseen": 0}, {"en", "es", "zh-CN"}, (224, 224, 3)),
        ("language-resnet152-staged", {}, {"de", "en", "es"}, (224, 224, 3)),
        ("gender-vgg16", {}, {"female", "male"}, (128, 100, 3)),
        ("gender-mandel-honest", {}, {"female", "male"}, (12, 100, 1)),
        ("language-cnn-voxforge", {}, {"de", "en", "es", "fr", "it"}, (128, 172, 1)),
    ],
)
def test_a_recipe_reads_its_layout(prepared, name, data, labels, shape):
    plan = prepared(name, **data)
    rows = pq.read_table(plan.manifest).to_pylist()
    assert {row["label"] for row in rows} == labels
    assert {row["split"] for row in rows} == SPLIT | ({"unseen"} if data.get("unseen") else set())
    assert image_of(plan).shape == image_shape(plan.params.backbone, plan.params.features) == shape


def test_keywords_are_read_from_the_archive(prepared):
    plan = prepared("keywords-light-cnn-honest")
    rows = pq.read_table(plan.manifest).to_pylist()
    assert {row["label"] for row in rows} == {*plan.params.data.words, "unknown", "silence"}
    assert {row["split"] for row in rows if row["label"] == "silence"} == SPLIT
    assert image_of(plan).shape == (161, 99, 1)


def image_of(plan):
    """What the network reads of one clip."""
    shard, params = plan.shards[0], plan.params
    path = plan.mel_path(shard)
    frontend, locate = Frontend(params.features), plan.recordings.path
    write_mel_shard(shard.clips[:1], params.features, locate, plan.provenance("mel", shard), path, [], frontend)
    image = network_input(next(iter(read_images(path))).images, params.backbone, params.features)
    assert np.isfinite(image).all()
    return image
