"""The steps of the flow: what the workflow's rules call, and a person can type."""

from __future__ import annotations

import json
from pathlib import Path

import click

from earmark.commands.options import json_option, manifest_option, params_option, plan_of
from earmark.errors import EarmarkError


@click.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path("data/raw/demo"))
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
def demo(root: Path, workers: int) -> None:
    """Speak the demo corpus into ROOT: four languages, many synthetic speakers, the Common Voice layout."""
    from earmark.corpus.demo import write_demo

    write_demo(root, workers)


@click.command()
@params_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that speak.")
def speak(params_file: Path, workers: int) -> None:
    """Speak the texts of data.synthetic with many espeak-ng voices, for training; what is there is not made again."""
    plan = plan_of(params_file)
    if plan.synthetic is None:
        raise EarmarkError("data.synthetic: null; nothing to speak. Set it, e.g. {texts: recipes/texts/keywords.csv}")
    plan.synthetic.speak(workers)


@click.command()
@params_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that check audio.")
def prepare(params_file: Path, workers: int) -> None:
    """Choose, check and split the recordings: manifest, quarantine list and leak audit."""
    from earmark.corpus.prepare import prepare as prepare_corpus

    plan = plan_of(params_file)
    if plan.synthetic:
        plan.synthetic.speak(workers)
    summary = prepare_corpus(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"), workers)
    click.echo(json.dumps(summary, ensure_ascii=False), err=True)


@click.command()
@params_option
@manifest_option
@click.option("--shards", required=True, metavar="A,B,C|A..Z", help="Names of shards, comma-separated, or a range.")
def mel(params_file: Path, manifest: Path | None, shards: str) -> None:
    """Turn shards of clips into images; shards that exist are skipped, clips that an earlier version holds are copied.

    A shard's name are the first binary digits of its clips' hashes; `all` is the only shard of a small corpus.
    """
    from earmark.audio.frontend import Frontend
    from earmark.shards.write import write_mel_shard

    plan = plan_of(params_file, manifest)
    features, failed = plan.params.features, []
    frontend = Frontend(features)
    for part in plan.select(shards):
        output = plan.mel_path(part)
        if output.is_file():
            continue
        try:
            computed, copied = write_mel_shard(
                part.clips, features, plan.recordings.path, plan.provenance("mel", part), output,
                plan.previous("mel", part), frontend,
            )  # fmt: skip
        except EarmarkError as error:
            failed.append(str(error))
            continue
        plan.remember("mel", part)
        click.echo(f"mel {part.name}: {computed} computed, {copied} copied", err=True)
    if failed:
        raise EarmarkError("\n".join(failed))


@click.command("export-backbone")
@params_option
def export_backbone(params_file: Path) -> None:
    """Export the pretrained network once, for extraction and serving without TensorFlow."""
    from earmark.models.engine import export

    plan = plan_of(params_file)
    export(plan.params.backbone, plan.backbone)


@click.command()
@params_option
@manifest_option
@click.option("--shards", required=True, metavar="A,B,C|A..Z", help="Names of shards, comma-separated, or a range.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of the CPU engine.")
def embed(params_file: Path, manifest: Path | None, shards: str, threads: int) -> None:
    """Extract bottleneck features of mel shards; shards whose features exist are skipped."""
    from earmark.models.embed import EmbedJob
    from earmark.models.embed import embed as embed_shards

    plan = plan_of(params_file, manifest)
    parts = [part for part in plan.select(shards) if not plan.feature_path(part).is_file()]
    jobs = [
        EmbedJob(plan.mel_path(p), plan.feature_path(p), plan.provenance("embed", p), plan.previous("embed", p))
        for p in parts
    ]
    computed, copied = embed_shards(jobs, plan.params.backbone, plan.params.features, plan.backbone, threads)
    for part in parts:
        plan.remember("embed", part)
    click.echo(f"embed: {len(jobs)} shards, {computed} computed, {copied} copied", err=True)


@click.command()
@params_option
@manifest_option
def train(params_file: Path, manifest: Path | None) -> None:
    """Train the head on frozen features, or the whole network on images, logging every epoch to MLflow.

    A training on images that was killed goes on from its last epoch.
    """
    from earmark.tracking import RunLogger

    plan = plan_of(params_file, manifest)
    provenance = plan.provenance("train")
    with RunLogger(plan.params, provenance) as logger:
        if plan.learns_from_images:
            from earmark.models.tune import tune

            images, checkpoint = [plan.mel_path(shard) for shard in plan.shards], plan.checkpoint
            tune(plan.params, plan.manifest, images, plan.model, provenance, checkpoint, [logger])
        else:
            from earmark.models.train import train as train_head

            features = [plan.feature_path(shard) for shard in plan.shards]
            train_head(plan.params, plan.manifest, features, plan.backbone, plan.model, provenance, [logger])


@click.command()
@params_option
@manifest_option
@click.option("--stage", type=click.IntRange(1), default=1, show_default=True, help="Of a staged training, from 1.")
def rates(params_file: Path, manifest: Path | None, stage: int) -> None:
    """Find a learning rate: let it rise step by step from far too low to far too high, and see what the loss does."""
    from earmark.evaluation.rates import rates as find_rates
    from earmark.evaluation.rates import told

    plan = plan_of(params_file, manifest)
    locate, output = plan.mel_path if plan.learns_from_images else plan.feature_path, plan.rates(stage)
    shards = [locate(shard) for shard in plan.shards]
    find_rates(plan.params, plan.manifest, shards, output, plan.provenance("rates", stage=stage), stage)
    click.echo(told(output, plan.params))


@click.command()
@params_option
@manifest_option
@json_option
def confounds(params_file: Path, manifest: Path | None, as_json: bool) -> None:
    """Probe whether the labels can be had without the speech: from duration, level, file, silence or mean spectrum."""
    from earmark.evaluation.confounds import confounds as probe_confounds

    plan = plan_of(params_file, manifest)
    mels, provenance = [plan.mel_path(shard) for shard in plan.shards], plan.provenance("confounds")
    found = probe_confounds(plan.manifest, mels, plan.params.split, plan.confounds, provenance)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    for name, scores in {} if as_json else found["probes"].items():
        click.echo(f"{name:10} {scores['balanced_accuracy']:.3f}  (chance {found['chance']:.3f})", err=True)


@click.command()
@params_option
@manifest_option
def explore(params_file: Path, manifest: Path | None) -> None:
    """Show the data on one page: who speaks how much, what was selected, what leaks, examples to see and hear."""
    from earmark.evaluation.explore import explore as explore_data

    plan = plan_of(params_file, manifest)
    mels = [plan.mel_path(shard) for shard in plan.shards]
    explore_data(
        plan.params, plan.prepared, mels, plan.confounds, plan.recordings.path, plan.exploration,
        plan.provenance("explore"),
    )  # fmt: skip


@click.command()
@params_option
@manifest_option
def evaluate(params_file: Path, manifest: Path | None) -> None:
    """Judge the model on clips it has not seen: metrics, predictions, plots and the report."""
    from earmark.evaluation.evaluate import evaluate as evaluate_model

    plan = plan_of(params_file, manifest)
    mels = [plan.mel_path(shard) for shard in plan.shards]
    evaluate_model(
        plan.params, plan.prepared, mels, plan.confounds, plan.model, plan.evaluation, plan.provenance("evaluate")
    )


@click.command()
@click.argument("stage", type=click.Choice(["prepare", "mel", "explore", "embed", "rates", "train", "evaluate"]))
@params_option
@manifest_option
def publish(stage: str, params_file: Path, manifest: Path | None) -> None:
    """Make data/ and results/ show exactly this study up to STAGE, and MLflow record it."""
    from earmark import inventory, tracking
    from earmark.stage_times import stage_times

    plan = plan_of(params_file, manifest)
    changed = plan.publish(stage)
    inventory.note(plan.store, plan.params.digest(), plan.needed())
    click.echo(f"published up to {stage}: {changed} files changed", err=True)
    if stage in ("train", "evaluate"):
        evaluation = plan.evaluation if stage == "evaluate" else None
        tracking.record(plan.params, plan.prepared, plan.model, evaluation, times=stage_times(plan))
    if stage == "rates":
        from earmark.evaluation.rates import told

        tracking.record_rates(plan.params, plan.prepared, plan.rates())
        click.echo(told(Path("results/rates"), plan.params))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("data/png"))
@params_option
@manifest_option
@click.option("--kind", help="Which of features.kinds; the first if not given.")
def png(folder: Path, params_file: Path, manifest: Path | None, kind: str | None) -> None:
    """Write the images as FOLDER/split/label/clip.png, the layout that Keras and fastai read."""
    from earmark.shards.png import export_png

    plan = plan_of(params_file, manifest)
    count = export_png(plan.manifest, [plan.mel_path(shard) for shard in plan.shards], folder, kind)
    click.echo(f"{count} images in {folder}", err=True)


@click.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("results/backbone"))
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that speak.")
@click.option("--epochs", type=click.IntRange(1), help="Fewer passes than the recipe's, for a quick look.")
@click.option("--voices", type=click.IntRange(2), help="Fewer voices than the recipe's.")
@click.option("--words", type=click.IntRange(2), help="Fewer words per language than the recipe's.")
def backbone(output: Path, workers: int, epochs: int | None, voices: int | None, words: int | None) -> None:
    """Rebuild the embedded backbone from synthetic speech into OUTPUT."""
    from earmark.models.pretrain import pretrain

    click.echo(json.dumps(pretrain(output, workers, epochs, voices, words), indent=2), err=True)
