from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark import versions
from earmark.errors import EarmarkError
from earmark.plan import STAGES, Plan
from earmark.provenance import Provenance
from earmark.store import publish

CLIPS = [
    (f"{label}/{i}.wav", label, split) for label in "ab" for i, split in enumerate(["train"] * 4 + ["val", "test"])
]


def manifest_rows(change=None):
    rows = [
        {"clip_id": path, "path": path, "start": None, "end": None, "audio_digest": f"sha-{path}", "label": label,
         "split": split}
        for path, label, split in CLIPS
    ]  # fmt: skip
    for path, changes in (change or {}).items():
        next(row for row in rows if row["clip_id"] == path).update(changes)
    return rows


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    """A plan over a manifest that is written as given; no audio, no model."""
    monkeypatch.chdir(tmp_path)

    def make(rows=None, key="m" * 20, **sections):
        values = {"data": {"adapter": "folder", "root": "clips"}, "features": {"shard_size": 2}}
        for name, section in sections.items():
            values[name] = {**values.get(name, {}), **section}
        plan = Plan.of(values, tmp_path / key)
        folder = plan.prepared
        folder.mkdir(parents=True, exist_ok=True)
        types = {"start": pa.float64(), "end": pa.float64()}
        rows = manifest_rows() if rows is None else rows
        schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
        pq.write_table(pa.Table.from_pylist(rows, schema), plan.manifest)
        return plan

    return make


def keys(plan):
    return {
        "mel": {shard.mel_key for shard in plan.shards},
        "embed": {shard.feature_key for shard in plan.shards},
        "confounds": plan.confounds_key,
        "train": plan.model_key,
        "evaluate": plan.evaluation_key,
    }


def changed(before, after):
    return {step for step in before if before[step] != after[step]}


def test_every_clip_is_in_exactly_one_shard(plan_of):
    plan = plan_of()
    assert sorted(clip.clip_id for shard in plan.shards for clip in shard.clips) == sorted(path for path, *_ in CLIPS)
    assert len(plan.shards) > 1


@pytest.mark.parametrize(
    ("section", "value", "steps"),
    [
        ("features", {"trim_db": 40}, {"mel", "embed", "confounds", "train", "evaluate"}),
        ("features", {"window": {"seconds": 1}}, {"mel", "embed", "confounds", "train", "evaluate"}),
        ("features", {"compression": "zstd"}, {"mel", "embed", "evaluate"}),
        ("backbone", {"engine": "onnx"}, {"evaluate"}),
        ("train", {"learning_rate": 0.5}, {"train", "evaluate"}),
        ("evaluate", {"bootstrap": 7}, {"evaluate"}),
    ],
)
def test_a_parameter_changes_the_keys_below_it_and_no_other(plan_of, section, value, steps):
    assert changed(keys(plan_of()), keys(plan_of(**{section: value}))) == steps


def test_another_compression_copies_its_rows_from_the_shard_before(plan_of):
    before, after = plan_of(), plan_of(features={"compression": "zstd"})
    shard = before.shards[0]
    before.mel_path(shard).parent.mkdir(parents=True)
    before.mel_path(shard).touch()
    before.remember("mel", shard)
    assert after.previous("mel", after.shards[0]) == [before.mel_path(shard)]
    assert after.mel_path(after.shards[0]) != before.mel_path(shard)


def test_a_changed_clip_changes_its_shard_only(plan_of):
    before = keys(plan_of())
    after = keys(plan_of(manifest_rows({"a/0.wav": {"audio_digest": "other"}})))
    assert len(before["mel"] - after["mel"]) == len(before["embed"] - after["embed"]) == 1
    assert "train" in changed(before, after)


def test_a_label_changes_no_shard(plan_of):
    before = keys(plan_of())
    after = keys(plan_of(manifest_rows({"a/0.wav": {"label": "b"}})))
    assert changed(before, after) == {"train", "evaluate"}


def test_test_clips_do_not_touch_the_model(plan_of):
    before = plan_of()
    after = plan_of(manifest_rows({"a/5.wav": {"audio_digest": "other"}}), key="n" * 20)
    assert before.model_key == after.model_key
    assert before.evaluation_key != after.evaluation_key


@pytest.mark.parametrize(
    ("step", "names"), [("MEL", {"mel", "confounds", "train"}), ("TRAIN", {"train"}), ("EMBED", {"embed"})]
)
def test_a_new_step_version_changes_the_keys(plan_of, monkeypatch, step, names):
    before = keys(plan_of())
    monkeypatch.setattr(versions, step, 99)
    assert names <= changed(before, keys(plan_of()))


def test_the_manifests_key_follows_files_and_not_their_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = []
    for root in ("one", "two"):
        for label in "ab":
            (tmp_path / root / label).mkdir(parents=True)
            (tmp_path / root / label / "x.wav").write_bytes(label.encode())
        found.append(Plan.of({"data": {"adapter": "folder", "root": root}}).prepare_key)
    assert found[0] == found[1]
    (tmp_path / "two" / "a" / "x.wav").write_bytes(b"longer")
    assert Plan.of({"data": {"adapter": "folder", "root": "two"}}).prepare_key != found[0]


def test_what_is_not_used_leaves_the_manifests_key_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for label in "ab":
        (tmp_path / "one" / label).mkdir(parents=True)
        (tmp_path / "one" / label / "x.wav").write_bytes(label.encode())
    (tmp_path / "t.csv").write_text("label,language,text\na,en-us,hello\n")
    (tmp_path / "u.csv").write_text("label,language,text\na,en-us,hello\n")
    hold_out = {"split": {"hold_out": {"column": "sentence"}}}

    def key(synthetic=None, **sections):
        data = {"adapter": "folder", "root": "one", "synthetic": synthetic}
        return Plan.of({"data": data, **sections}).prepare_key

    assert key() == "006396a137c0a90ed73d"
    spoken = key({"texts": "t.csv"})
    assert spoken == key({"texts": "u.csv"})
    (tmp_path / "u.csv").write_text("label,language,text\na,en-us,hallo\n")
    assert len({key(), spoken, key({"texts": "u.csv"}), key({"texts": "t.csv", "voices": 3}), key(**hold_out)}) == 5


def test_an_external_set_is_in_the_manifests_key_by_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("own/a/x.wav", "own/b/x.wav", "phone/a/y.wav", "moved/a/y.wav", "other/a/y.wav"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(path[-7:].encode())
    (tmp_path / "other/a/y.wav").write_bytes(b"other")

    def key(**external):
        return Plan.of({"data": {"adapter": "folder", "root": "own", "external": external}}).prepare_key

    def folder(root, **rules):
        return {"adapter": "folder", "root": root, **rules}

    assert key(far=folder("phone")) == key(far=folder("moved"))
    different = [{}, {"far": folder("phone")}, {"away": folder("phone")}, {"far": folder("other")}]
    different.append({"far": folder("phone", top=1)})
    assert len({key(**external) for external in different}) == len(different)


def test_extraction_jobs_are_named_by_their_shards_and_list_what_is_missing(plan_of):
    plan = plan_of()
    [(job, shards)] = plan.extraction_jobs.items()
    assert plan.missing_features(job) == shards == plan.shards
    done = plan.feature_path(shards[0])
    done.parent.mkdir(parents=True)
    done.touch()
    assert plan.missing_features(job) == shards[1:]
    assert list(plan_of().extraction_jobs) == [job], "the name does not depend on what is in the store"


def test_unknown_shards_are_answered_with_the_known(plan_of):
    plan = plan_of()
    with pytest.raises(EarmarkError, match=plan.shards[0].name):
        plan.shard("0101010101")
    for names in ("0101010101", f"{plan.shard_names[0]}..0101010101"):
        with pytest.raises(EarmarkError, match="no shard '0101010101'"):
            plan.select(names)


def test_shards_are_selected_by_list_and_by_range(plan_of):
    plan = plan_of()
    names = plan.shard_names
    assert plan.select(",".join(names[1:3])) == plan.shards[1:3]
    assert plan.select(f"{names[0]}..{names[-1]}") == plan.shards
    assert plan.select(f"{names[1]}..{names[1]}") == [plan.shard(names[1])]


@pytest.mark.parametrize("workers", [1, 2, 100])
def test_missing_images_are_made_in_batches_that_keep_all_cores_busy(plan_of, workers):
    plan = plan_of()
    batches = plan.mel_batches(workers)
    assert [shard for batch in batches for shard in batch.shards] == plan.shards
    assert min(2, workers) <= len(batches) <= min(workers, len(plan.shards))
    first, last = batches[-1].name.split(".", 1)[1].split("..")
    assert plan.select(f"{first}..{last}") == batches[-1].shards
    for shard in plan.shards[1:]:
        plan.mel_path(shard).parent.mkdir(parents=True, exist_ok=True)
        plan.mel_path(shard).touch()
    assert [batch.shards for batch in plan.mel_batches(workers)] == [plan.shards[:1]]
    plan.mel_path(plan.shards[0]).touch()
    assert plan.mel_batches(workers) == []


def test_receipts_of_a_killed_run_are_forgotten(plan_of):
    plan = plan_of()
    receipt = plan.store.root / "mel" / f"{plan.mel_batches(1)[0].name}.done"
    receipt.parent.mkdir(parents=True)
    receipt.touch()
    plan.forget_receipts()
    assert not receipt.exists()


def test_a_range_test_is_kept_while_only_the_rate_changes(plan_of, tmp_path):
    plan, other = plan_of(), plan_of(train={"learning_rate": 0.5, "epochs": 3})
    assert plan.rates() == other.rates() and plan.model != other.model
    assert Path("results/rates") not in plan.published("evaluate")
    plan.rates().mkdir(parents=True)
    (plan.rates() / "rates.json").write_text("{}")
    plan.provenance("rates").write(plan.rates())
    assert plan.rates() in plan.needed()
    publish(Path("results/rates"), plan.published("rates")[Path("results/rates")])
    assert (tmp_path / "results/rates/rates.json").is_file()
    assert plan_of(train={"batch_size": 3}).published("evaluate")[Path("results/rates")] == {}


def test_a_later_stage_has_a_range_test_of_its_own(plan_of):
    plan = plan_of(train={"mode": "tune", "stages": [{"epochs": 1}, {"epochs": 2}]})
    assert plan.rates(1) != plan.rates(2)
    plan.rates(2).mkdir(parents=True)
    assert list(plan.published("rates")) == [Path("results/rates/stage-2")]
    with pytest.raises(EarmarkError, match=r"stage 3: train\.stages has 2"):
        plan.rates(3)


def test_a_setting_that_is_not_used_leaves_the_model_where_it_was(plan_of):
    assert plan_of(train={"precision": "float32", "average": None}).model_key == plan_of().model_key
    tuned = {"mode": "tune"}
    assert plan_of(train=tuned | {"average": 0.9}).model_key != plan_of(train=tuned).model_key


def test_seeding_takes_what_was_pulled(plan_of):
    plan = plan_of()
    shard = plan.shards[0]
    schema = plan.provenance("mel", shard).stamp(pa.schema([("x", pa.int32())]))
    publishable = plan.mel_path(shard)
    publishable.parent.mkdir(parents=True)
    pq.write_table(pa.table({"x": pa.array([1], pa.int32())}, schema=schema), publishable)
    model = plan.model
    model.mkdir(parents=True)
    (model / "backbone.onnx").write_text("network")
    plan.provenance("train").write(model)
    publish(Path("data/mel"), {"x.parquet": publishable})
    publish(Path("results/model"), {p.name: p for p in model.iterdir()})
    publishable.unlink()
    (model / "provenance.json").unlink()
    assert plan.seed() == 3
    assert plan.store.has("mel", shard.mel_key)
    assert plan.store.has("train", plan.model_key, "")
    assert plan.backbone.read_text() == "network"
    assert plan.seed() == 0


def test_the_exploration_page_is_shown_only_for_its_own_study(plan_of, tmp_path):
    plan = plan_of()
    assert Path("results/explore") not in plan.published("evaluate")
    plan.exploration.mkdir(parents=True)
    (plan.exploration / "index.html").write_text("page")
    plan.provenance("explore").write(plan.exploration)
    publish(Path("results/explore"), plan.published("explore")[Path("results/explore")])
    assert (tmp_path / "results/explore/index.html").read_text() == "page"
    other = plan_of(key="n" * 20)
    assert other.published("evaluate")[Path("results/explore")] == {}


def test_provenance_names_the_key_of_every_step(plan_of):
    plan = plan_of()
    shard = plan.shards[0]
    wanted = [plan.prepare_key, shard.mel_key, shard.feature_key, plan.model_key, plan.evaluation_key]
    assert [plan.provenance(step, shard).key for step in STAGES] == wanted
    assert all(isinstance(plan.provenance(step, shard), Provenance) for step in STAGES)


def test_recordings_that_augmentation_draws_from_are_in_the_models_key(plan_of, tmp_path):
    def key(**train):
        return plan_of(train={"mode": "tune", **train}).model_key

    for folder in ("noise", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").write_bytes(b"sound")
    augment = ["noise", "reverberation"]
    plain = key(augment=augment)
    found = key(augment=augment, noise="noise")
    assert plain != found == key(augment=augment, noise="other"), "content decides, not place"
    assert found not in (key(augment=augment, rooms="noise"), key(augment=augment, noise="noise", snr_db=[0, 20]))
    (tmp_path / "noise/b.ogg").write_bytes(b"more")
    plan = plan_of(train={"mode": "tune", "augment": augment, "noise": "noise"})
    assert plan.model_key not in (plain, found)
    assert plan.provenance("train").inputs.keys() == {"manifest", "backbone", "augmentation", "noise"}
    with pytest.raises(EarmarkError, match=r"train\.rooms: nowhere is not a folder"):
        key(augment=augment, rooms="nowhere")


def test_levels_that_nothing_has_and_what_is_not_augmented_leave_the_key(plan_of, monkeypatch):
    before = keys(plan_of())
    assert changed(before, keys(plan_of(train={"snr_db": [5, 9]}))) == {"evaluate"}
    monkeypatch.setattr(versions, "AUGMENT", 99)
    assert keys(plan_of()) == before
    augmented = {"mode": "tune", "augment": ["mask"]}
    after = plan_of(train=augmented).model_key
    monkeypatch.setattr(versions, "AUGMENT", 98)
    assert plan_of(train=augmented).model_key != after
    monkeypatch.setattr(versions, "SCRATCH", 99)
    assert keys(plan_of()) == before


def test_the_version_of_ensembles_is_in_their_key_alone(plan_of, monkeypatch):
    one, several = ({"mode": "tune", "members": members} for members in (1, 2))
    before = plan_of(train=one).model_key, plan_of(train=several).model_key
    monkeypatch.setattr(versions, "ENSEMBLE", 99)
    assert plan_of(train=one).model_key == before[0]
    assert plan_of(train=several).model_key != before[1]
