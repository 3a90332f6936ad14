from PIL import Image

from earmark.commands.options import plan_of


def test_layouts_and_downloads_are_listed(cli, answer):
    assert "common_voice" in cli("datasets").output
    assert {"layouts", "downloads"} == answer("datasets").keys()
    assert "speech_commands" in cli("download").output


def test_a_clip_of_the_study_or_a_file_is_shown(cli, answer, study, shards):
    clip = plan_of(study / "params.yaml").shard(shards[0]).clips[0]
    facts = answer("show", clip.clip_id, "--output", "by-id.png")
    assert Image.open(study / "by-id.png").width > 500
    assert "by-id.png" in cli("show", f"tones/{clip.path}", "--output", "by-id.png").output
    assert facts == answer("show", f"tones/{clip.path}", "--output", "by-id.png")
    cli("show", "nobody.wav", fails="nobody.wav")


def test_shards_are_listed_and_looked_into(cli, answer, study, shards):
    families = answer("shards")["families"]
    assert [family["rows"] for family in families] == [12] and families[0]["shards"] == len(shards)
    plan = plan_of(study / "params.yaml")
    part = plan.shard(shards[0])
    inside = answer("shards", part.mel_key)
    assert [row["clip_id"] for row in inside["rows"]] == sorted(clip.clip_id for clip in part.clips)
    assert part.clips[0].clip_id in cli("shards", str(plan.mel_path(part))).output


def test_damage_is_found_and_sets_the_exit_code(cli, study, shards):
    path = (plan := plan_of(study / "params.yaml")).mel_path(plan.shard(shards[0]))
    whole = path.read_bytes()
    path.unlink()  # published copies share its inode
    path.write_bytes(whole[:200] + bytes(50) + whole[250:])
    assert "damaged" not in cli("shards").output
    cli("shards", "--verify", fails=f"damaged: {path}")
    path.write_bytes(whole)


def test_the_store_is_listed_and_tidied(cli, answer, shards):
    assert {entry["step"] for entry in answer("store")} >= {"prepare", "mel"}
    assert "would remove 0 products" in cli("gc", "--dry-run", "--days", "0").output
