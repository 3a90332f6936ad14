"""The command line: ``earmark STEP …``. The workflow's rules call the same commands that a person can type.

Every command imports what it needs when it runs, so that ``earmark --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earmark import __version__
from earmark.errors import EarmarkError

if TYPE_CHECKING:
    from earmark.plan import Plan


class Group(click.Group):
    """Prints an EarmarkError as one message instead of a traceback, and lists commands in the order of the flow."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order they were defined."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with 1 and the message if it raises an EarmarkError."""
        try:
            return super().invoke(ctx)
        except EarmarkError as error:
            click.secho(f"earmark: {error}", fg="red", err=True)
            sys.exit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def main() -> None:
    """From recorded speech to a classifier that can be trusted, tracked, versioned and served.

    Run the whole study with `snakemake --cores all` or `dvc repro`; the steps below are what they call, and each can
    be run by hand with the arguments that the workflow prints.
    """


params_option = click.option(
    "--params",
    "params_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=Path("params.yaml"),
    show_default=True,
    help="Parameters of the study.",
)
manifest_option = click.option(
    "--manifest",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a prepared manifest in the store; found by itself if not given.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print machine-readable JSON.")


def _plan(params_file: Path, manifest: Path | None = None) -> Plan:
    import yaml

    from earmark.plan import Plan

    return Plan.of(yaml.safe_load(params_file.read_text()) or {}, manifest)


@main.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path("data/raw/demo"))
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
def demo(root: Path, workers: int) -> None:
    """Speak the demo corpus into ROOT: four languages, many synthetic speakers, the Common Voice layout."""
    from earmark.corpus.demo import write_demo

    write_demo(root, workers)


@main.command()
@json_option
def datasets(as_json: bool) -> None:
    """List the layouts of recordings that earmark reads, and what it can download."""
    from earmark.corpus.adapters import ADAPTERS
    from earmark.corpus.download import sources

    if as_json:
        layouts = {name: adapter.layout for name, adapter in ADAPTERS.items()}
        click.echo(json.dumps({"layouts": layouts, "downloads": sources.as_dicts()}, indent=2))
        return
    click.echo("Layouts (data.adapter):\n")
    for name, adapter in ADAPTERS.items():
        click.echo(f"  {name:17} {adapter.layout}")
    click.echo(f"\nDownloads (earmark download NAME):\n\n{sources.describe()}")


@main.command()
@click.argument("name", required=False, metavar="[NAME|LISTFILE]")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--limit", help="Fetch only as much as fits, what is there included: 500MB, 2GiB.")
@json_option
def download(name: str | None, folder: Path | None, limit: str | None, as_json: bool) -> None:
    """Fetch a public data set into FOLDER (data/raw/NAME if not given); without a name, list what there is.

    A file of lines `URL [sha256]` fetches what it lists. Files are verified, what is there and right is not fetched
    again, and what was broken off goes on where it stopped: run the same command again. Archives need no unpacking.

    \b
      earmark download voxforge-fr data/raw/voxforge/fr --limit 500MB   one archive of every speaker first
      earmark download speech_commands_v0.02                            2.4 GB
    """
    from earmark.corpus.download import download as fetch
    from earmark.corpus.download import sources

    if name is None:
        click.echo(json.dumps(sources.as_dicts(), indent=2) if as_json else sources.describe())
        return
    source = sources.find(name)
    limit_bytes = sources.parse_size(limit) if limit else None
    try:
        summary = fetch(source, folder or Path("data/raw") / source.name, limit_bytes)
    except KeyboardInterrupt:
        raise EarmarkError("stopped; the same command goes on where it was") from None
    click.echo(json.dumps(summary.as_dict(), indent=2) if as_json else summary.explain())
    sys.exit(not summary.ok)


@main.command()
@params_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that check audio.")
def prepare(params_file: Path, workers: int) -> None:
    """Choose, check and split the recordings: manifest, quarantine list and leak audit."""
    from earmark.corpus.prepare import prepare as prepare_corpus

    plan = _plan(params_file)
    summary = prepare_corpus(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"), workers)
    click.echo(json.dumps(summary, ensure_ascii=False), err=True)


@main.command()
@params_option
@manifest_option
@click.option("--shard", required=True, help="Name of the shard: the first binary digits of its clips' hashes, or all.")
def mel(params_file: Path, manifest: Path | None, shard: str) -> None:
    """Turn one shard of clips into mel images; clips that an earlier version of the shard holds are copied."""
    from earmark.shards.write import write_mel_shard

    plan = _plan(params_file, manifest)
    part = plan.shard(shard)
    computed, copied = write_mel_shard(
        part.clips,
        plan.params.features,
        plan.recordings.path,
        plan.provenance("mel", part),
        plan.mel_path(part),
        plan.previous("mel", part),
    )
    plan.remember("mel", part)
    click.echo(f"mel {shard}: {computed} computed, {copied} copied", err=True)


@main.command("export-backbone")
@params_option
def export_backbone(params_file: Path) -> None:
    """Export the pretrained network once, for extraction and serving without TensorFlow."""
    from earmark.models.engine import export

    plan = _plan(params_file)
    export(plan.params.backbone, plan.backbone)


@main.command()
@params_option
@manifest_option
@click.option("--shards", required=True, help="Names of the shards, comma-separated.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of the CPU engine.")
def embed(params_file: Path, manifest: Path | None, shards: str, threads: int) -> None:
    """Extract bottleneck features of mel shards; shards whose features exist are skipped."""
    from earmark.models.embed import EmbedJob
    from earmark.models.embed import embed as embed_shards

    plan = _plan(params_file, manifest)
    parts = [part for part in map(plan.shard, shards.split(",")) if not plan.feature_path(part).is_file()]
    jobs = [
        EmbedJob(plan.mel_path(p), plan.feature_path(p), plan.provenance("embed", p), plan.previous("embed", p))
        for p in parts
    ]
    computed, copied = embed_shards(jobs, plan.params.backbone, plan.params.features, plan.backbone, threads)
    for part in parts:
        plan.remember("embed", part)
    click.echo(f"embed: {len(jobs)} shards, {computed} computed, {copied} copied", err=True)


@main.command()
@params_option
@manifest_option
def train(params_file: Path, manifest: Path | None) -> None:
    """Train the head on the features, logging every epoch to MLflow."""
    from earmark.models.train import train as train_head
    from earmark.tracking import RunLogger

    plan = _plan(params_file, manifest)
    features = [plan.feature_path(shard) for shard in plan.shards]
    provenance = plan.provenance("train")
    with RunLogger(plan.params, provenance) as logger:
        train_head(plan.params, plan.manifest, features, plan.backbone, plan.model, provenance, [logger])


@main.command()
@params_option
@manifest_option
@json_option
def confounds(params_file: Path, manifest: Path | None, as_json: bool) -> None:
    """Probe whether the labels can be had without the speech: from duration, level, file, silence or mean spectrum."""
    from earmark.evaluation.confounds import confounds as probe_confounds

    plan = _plan(params_file, manifest)
    mels, provenance = [plan.mel_path(shard) for shard in plan.shards], plan.provenance("confounds")
    found = probe_confounds(plan.manifest, mels, plan.params.split, plan.confounds, provenance)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    for name, scores in {} if as_json else found["probes"].items():
        click.echo(f"{name:10} {scores['balanced_accuracy']:.3f}  (chance {found['chance']:.3f})", err=True)


@main.command()
@params_option
@manifest_option
def explore(params_file: Path, manifest: Path | None) -> None:
    """Show the data on one page: who speaks how much, what was selected, what leaks, examples to see and hear."""
    from earmark.evaluation.explore import explore as explore_data

    plan = _plan(params_file, manifest)
    mels = [plan.mel_path(shard) for shard in plan.shards]
    explore_data(
        plan.params, plan.prepared, mels, plan.confounds, plan.recordings.path, plan.exploration,
        plan.provenance("explore"),
    )  # fmt: skip


@main.command()
@params_option
@manifest_option
def evaluate(params_file: Path, manifest: Path | None) -> None:
    """Judge the model on clips it has not seen: metrics, predictions, plots and the report."""
    from earmark.evaluation.evaluate import evaluate as evaluate_model

    plan = _plan(params_file, manifest)
    mels = [plan.mel_path(shard) for shard in plan.shards]
    evaluate_model(
        plan.params, plan.prepared, mels, plan.confounds, plan.model, plan.evaluation, plan.provenance("evaluate")
    )


@main.command()
@click.argument("stage", type=click.Choice(["prepare", "mel", "explore", "embed", "train", "evaluate"]))
@params_option
@manifest_option
def publish(stage: str, params_file: Path, manifest: Path | None) -> None:
    """Make data/ and results/ show exactly this study up to STAGE, and MLflow record it."""
    from earmark import inventory, tracking

    plan = _plan(params_file, manifest)
    changed = plan.publish(stage)
    inventory.note(plan.store, plan.params.digest(), plan.needed())
    click.echo(f"published up to {stage}: {changed} files changed", err=True)
    if stage in ("train", "evaluate"):
        evaluation = plan.evaluation if stage == "evaluate" else None
        tracking.record(plan.params, plan.prepared, plan.model, evaluation)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("data/png"))
@params_option
@manifest_option
def png(folder: Path, params_file: Path, manifest: Path | None) -> None:
    """Write the mel images as FOLDER/split/label/clip.png, the layout that Keras and fastai read."""
    from earmark.shards.png import export_png

    plan = _plan(params_file, manifest)
    count = export_png(plan.manifest, [plan.mel_path(shard) for shard in plan.shards], folder)
    click.echo(f"{count} images in {folder}", err=True)


@main.command()
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("results/model"),
    show_default=True,
    help="Folder of the trained model.",
)
@json_option
def predict(audio: tuple[Path, ...], model: Path, as_json: bool) -> None:
    """Classify recordings with the trained model, through the front end it was trained with."""
    from earmark.serving.predict import predict_table

    table = predict_table(model, audio)
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=2))
    for row in [] if as_json else table:
        click.echo(f"{row['path']}\t{row['label']}\t{row['confidence']:.3f}")


@main.command()
@json_option
def summary(as_json: bool) -> None:
    """Print the test figures, where the report is, and how to open the MLflow UI."""
    from earmark.summary import read_metrics, summarise

    metrics = read_metrics(Path("results/metrics.json"))
    click.echo(json.dumps(metrics, indent=2) if as_json else summarise(metrics))


@main.command()
@click.argument("name", required=False)
def use(name: str | None) -> None:
    """Write the recipe NAME into params.yaml, for `dvc repro`; without a name, list the recipes."""
    from earmark.recipes import apply, describe

    click.echo(apply(name, Path("params.yaml")) if name else describe())


@main.command()
@json_option
def doctor(as_json: bool) -> None:
    """Tell what this machine has (cores, GPU, weights, versions) and what is missing."""
    from earmark.doctor import examine, explain

    findings = examine()
    click.echo(json.dumps([vars(f) for f in findings], indent=2) if as_json else explain(findings))
    sys.exit(any(finding.level == "missing" for finding in findings))


@main.command()
@json_option
def store(as_json: bool) -> None:
    """List what the store holds, for which params, and how big it is."""
    from earmark import inventory
    from earmark.store import Store

    found = Store.find()
    click.echo(json.dumps(inventory.as_dicts(found), indent=2) if as_json else inventory.overview(found))


@main.command()
@params_option
@click.option("--days", type=click.FloatRange(0), default=14, show_default=True, help="Keep what was used since.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(params_file: Path, days: float, dry_run: bool) -> None:
    """Remove products that no study of the last days needs; `dvc checkout` brings committed ones back."""
    from earmark import inventory

    plan = _plan(params_file)
    gone = inventory.collect(plan.store, days, plan.needed() if plan.is_prepared else [], dry_run)
    size = sum(entry.size for entry in gone) / 2**20
    click.echo(f"{'would remove' if dry_run else 'removed'} {len(gone)} products, {size:.1f} MiB")


@main.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("results/backbone"))
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that speak.")
@click.option("--epochs", type=click.IntRange(1), help="Fewer passes than the recipe's, for a quick look.")
@click.option("--voices", type=click.IntRange(2), help="Fewer voices than the recipe's.")
@click.option("--words", type=click.IntRange(2), help="Fewer words per language than the recipe's.")
def backbone(output: Path, workers: int, epochs: int | None, voices: int | None, words: int | None) -> None:
    """Rebuild the embedded backbone from synthetic speech into OUTPUT."""
    from earmark.models.pretrain import pretrain

    click.echo(json.dumps(pretrain(output, workers, epochs, voices, words), indent=2), err=True)
