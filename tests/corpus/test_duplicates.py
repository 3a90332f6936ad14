import csv
import io

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import decode, resample
from earmark.audio.fingerprint import fingerprint
from earmark.corpus.duplicates import near_duplicates

RATE = 16000
VOICES = 24


def voice(seed, seconds=1.2, rate=RATE):
    """A clip in which pitch and three formants wander as in speech; every seed says something else."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate

    def wander(low, high, each=0.08):
        knots = random.uniform(low, high, int(seconds / each) + 3)
        return np.interp(time / each, np.arange(len(knots)), knots)

    pitch = wander(90, 250, 0.2)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = [wander(250, 900), wander(900, 2300), wander(2300, 3300)]
    harmonics = range(1, 30)
    level = [sum(np.exp(-(((k * pitch - formant) / 150) ** 2)) for formant in formants) for k in harmonics]
    loud = np.clip(wander(-0.3, 1, 0.15), 0, None)
    samples = loud * sum(gain * np.sin(k * phase) for k, gain in zip(harmonics, level, strict=True))
    return (0.3 * samples / np.abs(samples).max() + 1e-4 * random.standard_normal(len(time))).astype(np.float32)


def coded(samples, rate, container, **options):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=container, **options)
    return decode(stream.getvalue(), None)


def noisy(samples, rate, snr=20):
    noise = np.random.default_rng(0).standard_normal(len(samples))
    return (samples + noise * samples.std() * 10 ** (-snr / 20)).astype(np.float32), rate


COPIES = {
    "itself": lambda x, rate: (x, rate),
    "flac": lambda x, rate: coded(x, rate, "FLAC"),
    "mp3": lambda x, rate: coded(x, rate, "MP3", bitrate_mode="CONSTANT", compression_level=0.67),
    "ogg": lambda x, rate: coded(x, rate, "OGG", subtype="VORBIS", compression_level=0.7),
    "quiet": lambda x, rate: coded(x * 0.1, rate, "WAV", subtype="PCM_16"),
    "other rate": lambda x, rate: (resample(x, rate, 8000 if rate > 8000 else 22050), 8000 if rate > 8000 else 22050),
    "start cut": lambda x, rate: (x[len(x) // 10 :], rate),
    "both ends cut": lambda x, rate: (x[len(x) // 20 : -(len(x) // 20)], rate),
    "padded": lambda x, rate: (np.pad(x, (rate // 3, rate // 2)), rate),
    "noise": noisy,
    "all at once": lambda x, rate: noisy(*coded(0.5 * x[len(x) // 10 :], rate, "MP3"), snr=30),
}


@pytest.fixture(scope="module")
def sounds():
    """Clips that are no copies of each other: name to samples and rate."""
    return {f"clip-{seed:02d}": (voice(seed), RATE) for seed in range(VOICES)}


@pytest.fixture(scope="module")
def words(sounds):
    return {name: fingerprint(*sound) for name, sound in sounds.items()}


def doubled(words, sounds, kind):
    """With a copy of every third clip, and the groups that are right."""
    copied = sorted(sounds)[::3]
    copies = {f"{name} copy": fingerprint(*COPIES[kind](*sounds[name])) for name in copied}
    return words | copies, {name: one for one in copied for name in (one, f"{one} copy")}


def test_other_clips_are_no_duplicates(words):
    assert near_duplicates(words) == {}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_found(words, sounds, kind):
    found, right = doubled(words, sounds, kind)
    assert near_duplicates(found) == right


def test_the_order_of_clips_does_not_matter(words, sounds):
    found, right = doubled(words, sounds, "mp3")
    names = list(found)
    for seed in range(3):
        np.random.default_rng(seed).shuffle(names)
        assert near_duplicates({name: found[name] for name in names}) == right


def test_many_copies_are_one_group(words):
    copies = {f"copy-{n:03d}": words["clip-03"][n % 5 :] for n in range(200)}
    assert near_duplicates(words | copies) == dict.fromkeys([*copies, "clip-03"], "clip-03")


def test_windows_that_overlap_by_half_are_one_group(words):
    recording = voice(99, 6.0)
    windows = {f"w{n}": fingerprint(recording[n * RATE : (n + 2) * RATE], RATE) for n in range(5)}
    assert near_duplicates(words | windows) == dict.fromkeys(windows, "w0")


def test_a_jingle_in_common_is_no_duplicate(sounds):
    jingle = voice(7, 0.4)
    clips = {name: fingerprint(np.concatenate([jingle, samples]), rate) for name, (samples, rate) in sounds.items()}
    assert near_duplicates(clips) == {}


def test_a_keyword_of_half_a_second_is_found():
    clips = {f"w{seed}": fingerprint(voice(seed, 0.5), RATE) for seed in range(VOICES)}
    copies = {f"x{seed}": fingerprint(*COPIES["mp3"](voice(seed, 0.5), RATE)) for seed in range(8)}
    found = near_duplicates(clips | copies)
    assert {name: first for name, first in found.items() if name in copies} == {f"x{n}": f"w{n}" for n in range(8)}
    assert len(found) == 16


def test_what_says_nothing_has_no_duplicates(words):
    silence = {f"s{n}": fingerprint(np.zeros(n * 5000, np.float32), RATE) for n in range(5)}
    noise = {
        f"n{n}": fingerprint(np.random.default_rng(n).standard_normal(RATE).astype(np.float32), RATE) for n in range(20)
    }
    assert near_duplicates(silence | noise | words) == {}
    assert near_duplicates(silence) == near_duplicates({}) == {}


def test_a_few_words_are_no_evidence(words):
    assert near_duplicates(dict.fromkeys("abc", words["clip-00"][:7])) == {}


def test_words_that_everyone_uses_do_not_hide_a_copy(words):
    """A corpus of one phrase in a thousand shuffles: its words are common, and no clip is another's copy."""
    random = np.random.default_rng(0)
    phrase = words["clip-00"]
    common = {f"common-{n:04d}": random.permutation(phrase) for n in range(1000)}
    copies = {"first": words["clip-01"], "second": words["clip-01"]}
    assert near_duplicates(common | copies) == dict.fromkeys(copies, "first")


def test_with_many_words_whole_words_are_looked_up(words, sounds):
    filler = {f"filler-{n}": np.ones(1 << 16, np.uint32) for n in range(130)}
    found, right = doubled(words, sounds, "mp3")
    assert near_duplicates(found | filler) == right


def rows(shared_data, table):
    with (shared_data / f"{table}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def heard(shared_data, paths):
    return {path: fingerprint(*decode(shared_data / path, None)) for path in paths}


@pytest.mark.real
def test_takes_of_a_word_by_one_speaker_are_no_duplicates(shared_data):
    hardest = {("george", "8"), ("george", "4"), ("yweweler", "1"), ("yweweler", "6"), ("nicolas", "4")}
    digits = [row["path"] for row in rows(shared_data, "fsdd") if (row["speaker"], row["word"]) in hardest]
    takes = [row["path"] for row in rows(shared_data, "lid_zh_en_dspspeech20") if row["speaker"] in ("spk05", "spk12")]
    assert near_duplicates(heard(shared_data, digits + takes)) == {}


@pytest.mark.real
def test_recordings_that_were_handed_in_twice_are_found(shared_data):
    takes = [row["path"] for row in rows(shared_data, "lid_zh_en_dspspeech20") if row["speaker"] == "spk06"]
    found = near_duplicates(heard(shared_data, takes))
    assert len(found) == 10 and len(set(found.values())) == 5
    for path, first in found.items():  # they differ in the speaker's count of takes, not in a single sample
        assert np.array_equal(decode(shared_data / path, None)[0], decode(shared_data / first, None)[0])


@pytest.mark.real
@pytest.mark.parametrize("kind", ["mp3", "ogg", "quiet", "other rate", "start cut", "padded", "noise"])
def test_copies_of_real_clips_are_found(shared_data, kind):
    paths = [row["path"] for row in rows(shared_data, "gender_librispeech")[:400:20]]
    sounds = {path: decode(shared_data / path, None) for path in paths}
    found, right = doubled(heard(shared_data, paths), sounds, kind)
    assert near_duplicates(found) == right
