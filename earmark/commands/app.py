"""The web page: ``earmark app``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from earmark.commands.serving import OPTIONS, Command

if TYPE_CHECKING:
    from earmark.serving.app.model import Served

NAMED = 2
"""Parts of a folder's path that the page calls the model by; visitors need not know more of the machine."""


def answer_options(command: Command) -> Command:
    """The options that decide an answer, but the model."""
    for option in reversed(OPTIONS[1:]):
        command = option(command)
    return command


@click.command()
@click.option(
    "--model",
    default="results/model",
    show_default=True,
    metavar="FOLDER|URI",
    help="Folder of the trained model, or its address in MLflow (models:/NAME@ALIAS, models:/NAME/VERSION).",
)
@click.option("--compare", metavar="FOLDER|URI", help="A second model; the page /compare asks both.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 lets others in.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--allow-host", "names", multiple=True, metavar="NAME", help="A name that this server is reached by.")
@answer_options
@click.option("--workers", type=click.IntRange(1), help="Processes that answer; one per core if not given.")
@click.option("--study/--no-study", default=True, help="Whether visitors get test clips and the report. [they do]")
def app(
    model: str,
    compare: str | None,
    host: str,
    port: int,
    names: tuple[str, ...],
    window: float | None,
    hop: float | None,
    unknown: float,
    vad: str | None,
    workers: int | None,
    study: bool,
) -> None:
    """Serve a web page that classifies a recording, the microphone, or a test clip of the study.

    It shows the wave, the image that the network sees, the answer with its confidence, who is heard when, and what the
    model cannot do. Uploads are decoded in worker processes under limits (docs/serving.md). A browser gives the
    microphone to pages at localhost and to https only.

    \b
    earmark app
    earmark app --model models:/earmark-language@champion --compare results/model
    curl --data-binary @clip.mp3 http://127.0.0.1:8000/api/predict
    """
    from tempfile import TemporaryDirectory

    from earmark.serving.app.server import listening, serve, site
    from earmark.serving.options import Options

    with TemporaryDirectory(prefix="earmark-") as fetched, listening(host, port) as sock:
        sources = [source for source in (model, compare) if source]
        models = [_served(source, Path(fetched, str(i)), study) for i, source in enumerate(sources)]
        made = site(models, Options(window, hop, unknown, vad), workers)
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"earmark: http://{shown}:{sock.getsockname()[1]}/  (Ctrl-C ends it)")
        serve(made, sock, [host, *names])


def _served(source: str, fetched: Path, study: bool) -> Served:
    from earmark.serving.app.model import Served

    if not source.startswith("models:/"):
        from earmark.serving.app.snapshot import snapshot

        return Served(snapshot(Path(source), fetched), "/".join(Path(source).parts[-NAMED:]), study)
    from earmark.tracking.fetched import model_folder

    return Served(model_folder(source, fetched), source.removeprefix("models:/"), study)
