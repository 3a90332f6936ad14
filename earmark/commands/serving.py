"""Using the model: predict for recordings, listen to a running sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earmark.commands.options import json_option

if TYPE_CHECKING:
    from earmark.serving.batch import Result
    from earmark.serving.stream import Heard

Command = Callable[..., Any]

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/model"),
    show_default=True,
    help="Folder of the trained model.",
)
SECONDS = click.FloatRange(0, min_open=True)


OPTIONS = (
    model_option,
    click.option("--window", type=SECONDS, help="Cut longer recordings into windows of so many seconds. [as training]"),
    click.option("--hop", type=SECONDS, help="Seconds from one window to the next. [half a window]"),
    click.option(
        "--unknown", type=click.FloatRange(0, 1), default=0.0, show_default=True,
        help="Confidence below which the answer is `unknown`.",
    ),
    click.option(
        "--vad", type=click.Choice(["energy", "webrtc", "silero"]),
        help="What tells speech; silero tells it from noise. [as training, or energy]",
    ),
)  # fmt: skip


def recogniser_options(command: Command) -> Command:
    """The options that decide an answer."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("audio", nargs=-1, required=True, metavar="FILE|FOLDER|GLOB|-...")
@recogniser_options
@click.option(
    "--format",
    "layout",
    type=click.Choice(["table", "json", "csv", "kaggle"]),
    default="table",
    show_default=True,
    help="kaggle: the columns fname,label of a submission.",
)
@click.option("--json", "layout", flag_value="json", help="A JSON array with everything, the time lines too.")
@click.option("--csv", "layout", flag_value="csv", help="Comma-separated values with a header.")
@click.option("--timeline", is_flag=True, help="A line for each stretch of one label instead of one per recording.")
@click.option("--workers", type=click.IntRange(1), help="Processes; one per core if not given.")
def predict(
    audio: tuple[str, ...],
    model: Path,
    window: float | None,
    hop: float | None,
    unknown: float,
    vad: str | None,
    layout: str,
    timeline: bool,
    workers: int | None,
) -> None:
    """Classify recordings with the trained model, through the front end it was trained with.

    Any format that libsndfile reads, at any rate and with any channels; m4a and video where ffmpeg is installed. A
    folder stands for all recordings below it, `-` for a file on standard input. Long recordings are cut into windows.
    Silence is `no speech`. Files that cannot be read are listed at the end, and the exit code is then 1.

    \b
    earmark predict clip.mp3
    earmark predict calls/ --unknown 0.6 --csv > calls.csv
    earmark predict 'test/*.wav' --format kaggle > submission.csv
    earmark predict interview.flac --timeline
    """
    from earmark.audio.limits import LOCAL
    from earmark.serving.batch import STDIN, recognise, recordings
    from earmark.serving.options import Options
    from earmark.serving.workers import cores

    paths, options = recordings(audio), Options(window, hop, unknown, vad)
    stdin = sys.stdin.buffer.read(LOCAL.file_bytes + 1) if STDIN in paths else b""
    results = recognise(model, paths, options, LOCAL, workers or cores(), stdin)
    failed = _print(results, paths, layout, timeline)
    for result in failed:
        click.secho(f"earmark: {result.path}: {result.error}", fg="red", err=True)
    if failed:
        click.secho(f"earmark: {len(failed)} of {len(paths)} recordings cannot be used", fg="red", err=True)
    sys.exit(bool(failed))


@click.command()
@recogniser_options
@click.option("--raw", type=click.IntRange(1000), metavar="HZ", help="Read 16-bit mono PCM of this rate from a pipe.")
@click.option("--every", type=SECONDS, default=0.25, show_default=True, help="Seconds from one answer to the next.")
@json_option
def listen(
    model: Path,
    window: float | None,
    hop: float | None,
    unknown: float,
    vad: str | None,
    raw: int | None,
    every: float,
    as_json: bool,
) -> None:
    """Classify the microphone, or raw sound on standard input, while it runs: a line whenever the answer changes.

    With --json a line for every answer.

    \b
    earmark listen
    arecord -q -t raw -f S16_LE -r 16000 | earmark listen --raw 16000
    """
    from earmark.serving import microphone
    from earmark.serving.options import Options
    from earmark.serving.recogniser import Recogniser
    from earmark.serving.stream import Stream, changes

    recogniser = Recogniser.load(model, Options(window, hop, unknown, vad))
    rate = raw or recogniser.rate
    stream, block = Stream(recogniser, rate, every), max(1, round(every * rate))
    source = microphone.raw(sys.stdin.buffer, block) if raw else microphone.microphone(rate, block)
    answers = (heard for samples in source for heard in stream.feed(samples))
    try:
        for heard in answers if as_json else changes(answers):
            click.echo(_told(heard, as_json))
    except KeyboardInterrupt:
        click.echo(err=True)


def _print(results: Iterable[Result], paths: list[str], layout: str, timeline: bool) -> list[Result]:
    """Print the answers as they come, under a progress bar; returns the results that are none."""
    from tqdm import tqdm

    from earmark.serving.tables import lines

    failed: list[Result] = []
    with tqdm(results, "predict", len(paths), unit="file", disable=None) as progress:
        for line in lines(_answered(progress, failed), layout, timeline, max(map(len, paths))):
            with tqdm.external_write_mode(sys.stdout):
                click.echo(line)
    return failed


def _answered(results: Iterable[Result], failed: list[Result]) -> Iterator[Result]:
    """Those of ``results`` with an answer; the others go to ``failed``."""
    for result in results:
        if result.answer is None:
            failed.append(result)
        else:
            yield result


def _told(heard: Heard, as_json: bool) -> str:
    if as_json:
        return json.dumps(heard._asdict(), ensure_ascii=False)
    return f"{heard.seconds:8.2f} s  {heard.label:14} {heard.confidence:.2f}"
