import pytest
import soundfile

from earmark.audio.container import mp3_seconds, ogg_is_cut, share_present


@pytest.mark.parametrize("name", ["a.wav", "a.aiff"])
def test_share_of_the_promised_sound(audio_file, cut, name):
    path = audio_file(name)
    assert share_present(path) == 1
    assert share_present(cut(path, 0.5)) == pytest.approx(0.5, abs=0.01)


def test_no_promise_is_no_lack(audio_file, tmp_path):
    assert share_present(audio_file("a.flac")) == 1
    (tmp_path / "text.wav").write_text("hello")
    assert share_present(tmp_path / "text.wav") == 1
    piped = audio_file("piped.wav")
    data = bytearray(piped.read_bytes())
    data[40:44] = b"\xff" * 4
    piped.write_bytes(data)
    assert share_present(piped) == 1


def test_a_cut_ogg_lacks_its_last_page(audio_file, cut):
    assert not ogg_is_cut(audio_file("a.ogg"))
    for share in (0.99, 0.7, 0.3):
        assert ogg_is_cut(cut(audio_file("b.ogg"), share))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_mp3_frames_are_counted(audio_file, speechlike, rate, mode):
    path = audio_file("a.mp3", speechlike(3.0, rate), rate, bitrate_mode=mode)
    assert 3.0 <= mp3_seconds(path) <= 3.0 + 5713 / rate
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
    tagged = path.with_name("tagged.mp3")
    tagged.write_bytes(tag + path.read_bytes() + b"TAG" + bytes(125))
    assert mp3_seconds(tagged) == mp3_seconds(path)
    assert soundfile.info(tagged).frames == soundfile.info(path).frames


def test_junk_is_no_mp3(tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"\xff\xfb" * 10 + b"hello" * 100)
    assert mp3_seconds(tmp_path / "a.mp3") == 0
