from pathlib import Path

import numpy as np
import pytest

from earmark.audio import espeak
from earmark.audio.espeak import DEMO_VARIANTS, FEMALE_VARIANTS, PRETRAIN_VARIANTS, Voice, map_ahead, speak, speak_apart
from earmark.errors import EarmarkError

TEXT = "My neighbour reads a long letter."


def batch(variant: str) -> list[tuple[Voice, str]]:
    return [(Voice("en-us", variant), TEXT), (Voice("en-us", variant, rate=140, pitch=70), TEXT)]


def test_speaks_at_a_sane_level_and_length():
    (samples,) = speak([(Voice("en-us", "m2"), TEXT)])
    assert samples.dtype == np.float32
    assert 1 < len(samples) / espeak.SAMPLE_RATE < 4
    assert 0.1 < np.abs(samples).max() <= 1


def test_a_batch_sounds_the_same_whatever_is_spoken_beside_it():
    # f2 breathes: espeak-ng seeds that noise with the time of day unless told otherwise
    variants = ["f2", "m4", "f5", "klatt2"]
    forward = list(speak_apart([batch(v) for v in variants], workers=2))
    backward = list(speak_apart([batch(v) for v in reversed(variants)], workers=1))[::-1]
    assert all(
        np.array_equal(a, b) for one, two in zip(forward, backward, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_settings_are_heard():
    slow, fast = next(speak_apart([[(Voice("en-us", "m2", rate=120), TEXT), (Voice("en-us", "m2", rate=220), TEXT)]]))
    assert len(slow) > 1.3 * len(fast)


def test_voices_of_demo_and_pretraining_are_disjoint_and_exist():
    folder = Path(espeak._data_path()) / "voices" / "!v"
    assert not set(DEMO_VARIANTS) & set(PRETRAIN_VARIANTS)
    assert all((folder / variant).is_file() for variant in DEMO_VARIANTS + PRETRAIN_VARIANTS)
    for variants in (DEMO_VARIANTS, PRETRAIN_VARIANTS):
        assert 0 < len(set(variants) & set(FEMALE_VARIANTS)) < len(variants)


@pytest.mark.parametrize(("voice", "named"), [(Voice("en-us", "nobody"), "nobody"), (Voice("xx"), "'xx'")])
def test_an_unknown_voice_is_an_error_in_words(voice, named):
    with pytest.raises(EarmarkError, match=named):
        list(speak_apart([[(voice, TEXT)]]))


def test_a_dying_process_is_an_error_in_words():
    server = espeak._start_server()
    server.kill()
    server.wait()
    with pytest.raises(EarmarkError, match="killed"):
        espeak._ask(server, batch("m2"))


def test_a_dying_fork_is_an_error_in_words_and_the_server_lives_on():
    server = espeak._start_server()
    broken = [(Voice("en-us", "m2", rate=1.5), TEXT)]  # type: ignore[arg-type]  # ctypes raises in the fork
    with pytest.raises(EarmarkError, match="died"):
        espeak._ask(server, broken)
    assert len(espeak._ask(server, batch("m2"))) == 2
    espeak._stop(server)


def test_map_ahead_keeps_the_order_and_runs_only_a_little_ahead():
    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number * number, items(), workers=2)
    assert next(results) == 0
    assert len(taken) <= 6
    assert list(results) == [n * n for n in range(1, 20)]
