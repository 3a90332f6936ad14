"""Many studies at once: the search for better params, all folds, and grids of values."""

from __future__ import annotations

import json
from pathlib import Path

import click

from earmark.commands.options import json_option, manifest_option, params_option, plan_of

workers_option = click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes and threads."
)


@click.command()
@params_option
@manifest_option
@json_option
def validate(params_file: Path, manifest: Path | None, as_json: bool) -> None:
    """Judge the model on the validation clips only, as served: the figures that may choose between models."""
    from earmark.evaluation.validate import validate as validate_model
    from earmark.sweeps import validation

    plan = plan_of(params_file, manifest)
    mels, output = [plan.mel_path(shard) for shard in plan.shards], validation.folder(plan.store, plan.model_key)
    found = validate_model(plan.prepared, mels, plan.model, output, validation.provenance(plan))
    told = f"{found['n']} validation clips, balanced accuracy {found['balanced_accuracy']:.3f}"
    click.echo(json.dumps(found, indent=2) if as_json else told, err=not as_json)


@click.command()
@params_option
@manifest_option
@workers_option
def search(params_file: Path, manifest: Path | None, workers: int) -> None:
    """Look for better params by the validation clips, as the section `search` says; a killed search goes on.

    The best are a recipe: results/search/best.yaml.
    """
    from earmark.sweeps.search import search as search_params

    folder = search_params(plan_of(params_file, manifest), workers)
    found = json.loads((folder / "search.json").read_text())
    best, before = found["best"], found["params_as_they_are"]
    was = f" ({before['value']:.3f} as the params are)" if before and before["value"] is not None else ""
    click.echo(f"{found['metric']} {best['value']:.3f}{was} with {best['name']}")
    click.echo(f"run it:    snakemake --configfile {folder}/best.yaml")
    click.echo(f"all of it: {folder}/trials.csv, search.png, and the run's children in MLflow (make ui)")
