import json

from earmark.commands.options import plan_of


def test_images_are_made_once_for_the_shards_that_are_asked_for(cli, study, shards):
    plan = plan_of(study / "params.yaml")
    first, second = (plan.mel_path(plan.shard(name)) for name in shards[:2])
    first.unlink()
    second.unlink()
    answer = cli("mel", "--shards", shards[0])
    assert f"mel {shards[0]}: {len(plan.shard(shards[0]).clips)} computed, 0 copied" in answer.output
    assert first.is_file() and not second.exists()
    stamp = first.stat().st_mtime_ns
    assert shards[0] not in cli("mel", "--shards", ",".join(shards)).output
    assert second.is_file() and first.stat().st_mtime_ns == stamp


def test_there_is_nothing_to_speak_unless_a_study_says_so(cli):
    cli("speak", fails="data.synthetic: null; nothing to speak")


def test_unknown_shards_are_answered_with_the_known(cli, shards):
    cli("mel", "--shards", "0000000", fails=f"no shard '0000000'; the manifest has {shards[0]}")


def test_a_damaged_clip_does_not_stop_the_other_shards(cli, study, shards):
    plan = plan_of(study / "params.yaml")
    for name in shards:
        plan.mel_path(plan.shard(name)).unlink()
    victim = plan.shard(shards[0]).clips[0]
    path = plan.recordings.path(victim.path)
    whole = path.read_bytes()
    path.write_bytes(b"no longer audio")
    manifest = ["--manifest", str(plan.prepared)]
    try:
        cli("mel", *manifest, "--shards", ",".join(shards), fails=f"{victim.clip_id}: ")
    finally:
        path.write_bytes(whole)
    assert [plan.mel_path(plan.shard(name)).is_file() for name in shards] == [False] + [True] * (len(shards) - 1)


def test_pictures_are_written_by_split_and_label(cli, study, shards):
    assert "12 images in data/png" in cli("png").output
    pictures = sorted(path.relative_to(study / "data/png").parts for path in (study / "data/png").rglob("*.png"))
    assert len(pictures) == 12 and {parts[1] for parts in pictures} == {"high", "low"}
    cli("png", "--kind", "mfcc", fails="mfcc")


def test_probes_print_what_they_found(cli, shards):
    found = json.loads(cli("confounds", "--json").output)
    assert set(found["probes"]) >= {"duration", "spectrum"}
