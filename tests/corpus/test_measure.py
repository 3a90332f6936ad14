from earmark.corpus.measure import Meter
from earmark.digest import file_digest
from earmark.recordings import Recordings
from earmark.store import Store


def test_digest_and_probe_of_each_file(tmp_path, sound):
    files = [sound(tmp_path / "data" / f"{n}.wav", seconds=0.1 * (n + 1)) for n in range(4)]
    (tmp_path / "data" / "broken.wav").write_text("no sound")
    meter = Meter(Recordings(tmp_path / "data", Store(tmp_path / "store")), workers=2)
    found = meter.measure(["0.wav", "1.wav", "2.wav", "3.wav", "broken.wav", "absent.wav", "0.wav"])
    assert [round(found[f"{n}.wav"][1].duration, 3) for n in range(4)] == [0.1, 0.2, 0.3, 0.4]
    assert found["2.wav"][0] == file_digest(files[2])
    assert found["broken.wav"][1].reason == "unreadable"
    assert found["absent.wav"][1].reason == "unreadable"


def test_known_content_is_not_decoded_again(tmp_path, sound, monkeypatch):
    first = sound(tmp_path / "one" / "a.wav")
    store = Store(tmp_path / "store")
    before = Meter(Recordings(tmp_path / "one", store)).measure(["a.wav"])["a.wav"]
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "renamed.wav").write_bytes(first.read_bytes())
    asked = []
    monkeypatch.setattr(Meter, "_probe", lambda self, files: iter(asked.extend(files) or []))
    assert Meter(Recordings(tmp_path / "two", store)).measure(["renamed.wav"])["renamed.wav"] == before
    assert asked == []
