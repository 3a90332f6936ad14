import io

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import decode, resample
from earmark.audio.fingerprint import HOP_SECONDS, MAX_SECONDS, Fingerprinter, fingerprint

RATE = 16000


def coded(samples, rate, container, **options):
    """Samples and rate after a codec."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=container, **options)
    return decode(stream.getvalue(), None)


def noisy(samples, rate, snr=20):
    noise = np.random.default_rng(0).standard_normal(len(samples))
    return (samples + noise * samples.std() * 10 ** (-snr / 20)).astype(np.float32), rate


COPIES = {
    "mp3": lambda x, rate: coded(x, rate, "MP3", bitrate_mode="CONSTANT", compression_level=0.67),
    "ogg": lambda x, rate: coded(x, rate, "OGG", subtype="VORBIS", compression_level=0.8),
    "ulaw": lambda x, rate: coded(x, rate, "WAV", subtype="ULAW"),
    "quiet": lambda x, rate: coded(x * 0.1, rate, "WAV", subtype="PCM_16"),
    "upside down": lambda x, rate: (-x, rate),
    "telephone": lambda x, rate: (resample(x, rate, 8000), 8000),
    "studio": lambda x, rate: (resample(x, rate, 48000), 48000),
    "odd rate": lambda x, rate: (resample(x, rate, 11025), 11025),
    "crop": lambda x, rate: (x[len(x) // 10 :], rate),
    "noise": noisy,
}


def errors(one, other):
    """Smallest share of differing bits over all shifts of the shorter words along the longer."""
    one, other = sorted((one, other), key=len)
    shares = []
    for shift in range(len(other) - len(one) + 1):
        there = other[shift : shift + len(one)]
        both = (one != 0) & (there != 0)
        shares.append(np.bitwise_count(one ^ there)[both].mean() / 32 if both.sum() > 7 else 1.0)
    return min(shares)


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_has_almost_the_same_words(speechlike, kind):
    samples = speechlike(3.0)
    assert errors(fingerprint(samples, RATE), fingerprint(*COPIES[kind](samples, RATE))) < 0.16


@pytest.mark.real
@pytest.mark.parametrize("kind", ["mp3", "ogg", "quiet", "telephone", "crop", "noise"])
def test_copies_of_real_clips_differ_less_than_other_clips(real_clips, kind):
    heard = [decode(path, None) for path in real_clips]
    words = [fingerprint(*sound) for sound in heard]
    copies = [fingerprint(*COPIES[kind](*sound)) for sound in heard]
    found = np.array([[errors(one, copy) for copy in copies] for one in words])
    assert np.diag(found).max() < 0.16
    assert found[~np.eye(len(found), dtype=bool)].min() > 0.24


def test_a_word_per_hop(speechlike):
    words = fingerprint(speechlike(3.0), RATE)
    assert words.dtype == np.uint32 and words.ndim == 1
    assert 2.0 / HOP_SECONDS < len(words) <= 3.0 / HOP_SECONDS
    assert words[0] and words[-1]


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("size", [7, 1000, 16001])
def test_blocks_of_any_size_give_the_same_words(speechlike, rate, size):
    samples = speechlike(1.0, rate)
    listener = Fingerprinter(rate)
    for start in range(0, len(samples), size):
        listener.add(samples[start : start + size])
    assert errors(listener.words(), fingerprint(samples, rate)) < 0.001


def test_a_block_may_be_overwritten_once_it_was_heard(speechlike):
    samples = speechlike(1.0, 8000)
    listener, block = Fingerprinter(8000), samples.copy()
    listener.add(block)
    block[:] = 0
    assert np.array_equal(listener.words(), fingerprint(samples, 8000))


def test_level_does_not_matter(speechlike):
    samples = speechlike()
    assert np.array_equal(fingerprint(samples / 64, RATE), fingerprint(samples, RATE))


def test_silence_around_does_not_matter(speechlike):
    samples = speechlike()
    hops = round(20 * HOP_SECONDS * RATE)
    around = np.pad(samples, (hops, 2 * hops))
    inner = fingerprint(samples, RATE)
    assert errors(inner, fingerprint(around, RATE)) < 0.03
    assert len(fingerprint(around, RATE)) < len(inner) + 10


def test_a_pause_is_heard_as_zeros(speechlike):
    samples = speechlike()
    pause = np.zeros(RATE, np.float32)
    words = fingerprint(np.concatenate([samples, pause, samples]), RATE)
    assert not words[len(words) // 2 - 20 : len(words) // 2 + 20].any()


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_what_says_nothing_has_no_words(rate):
    time = np.arange(rate) / rate
    quiet = np.random.default_rng(0).choice([0, 1 / 32768], rate)
    for samples in (time * 0, time * 0 + 0.3, quiet, time[:0], time[:1], time[:50] * 0 + 1):
        assert not len(fingerprint(samples.astype(np.float32), rate))
    hum = fingerprint(np.sin(2 * np.pi * 440 * time).astype(np.float32), rate)
    assert not hum[20:-20].any()
    assert not len(Fingerprinter(rate).words())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_what_is_no_sound_has_no_words(speechlike, value, rate):
    samples = speechlike(1.0, rate)
    samples[777] = value
    assert not len(fingerprint(samples, rate))


@pytest.mark.parametrize("rate", [1, 100, 4000, 7999, 15999, 22050, 192000, 2_000_000])
def test_any_rate(rate):
    samples = np.random.default_rng(0).standard_normal(min(rate, 400_000)).astype(np.float32)
    fingerprint(samples, rate)


def test_only_the_first_minute_counts(speechlike):
    minute = np.tile(speechlike(MAX_SECONDS / 20, 8000), 20)
    listener = Fingerprinter(8000)
    for _ in range(3):
        listener.add(minute)
    assert np.array_equal(listener.words(), fingerprint(minute, 8000))
    assert len(listener.words()) <= MAX_SECONDS / HOP_SECONDS
