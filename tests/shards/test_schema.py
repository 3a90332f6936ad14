from dataclasses import replace

from earmark import versions
from earmark.config import FeatureParams
from earmark.shards.schema import ClipRow, row_key

CLIP = ClipRow("a.wav", "a.wav", None, None, "00ff")


def test_the_key_follows_the_sound_and_the_front_end(monkeypatch):
    front_end = FeatureParams().front_end()
    key = row_key(CLIP, front_end)
    assert row_key(replace(CLIP, clip_id="b", path="b.wav"), front_end) == key
    assert row_key(CLIP, FeatureParams(shard_size=7).front_end()) == key
    others = [replace(CLIP, start=0.5), replace(CLIP, end=0.5), replace(CLIP, audio_digest="11")]
    keys = {row_key(clip, front_end) for clip in others} | {row_key(CLIP, FeatureParams(n_mels=39).front_end())}
    monkeypatch.setattr(versions, "MEL", versions.MEL + 1)
    assert len(keys | {key, row_key(CLIP, front_end)}) == 6
