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


@click.command()
@params_option
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Trainings of each fold.")
@workers_option
@json_option
def folds(params_file: Path, seeds: int, workers: int, as_json: bool) -> None:
    """Run every fold of split.scheme up to its evaluation: mean and deviation, and all answers judged together.

    With --seeds each is trained as often, from train.seed on; also a study that is split once.
    """
    from earmark.sweeps.folds import PUBLISHED, headline
    from earmark.sweeps.folds import folds as run_folds

    summary = run_folds(plan_of(params_file), seeds, workers)
    told = (
        f"{headline(summary)}\nall of it: {PUBLISHED}/folds.csv, folds.png, and the run's children in MLflow (make ui)"
    )
    click.echo(json.dumps(summary, indent=2) if as_json else told)


@click.command()
@click.argument("recipes", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-S", "axes", multiple=True, metavar="PARAM=A,B,C", help="Values of a param; may be repeated.")
@params_option
@workers_option
@click.option("--dry-run", is_flag=True, help="Only list the runs.")
@json_option
def grid(
    recipes: tuple[Path, ...], axes: tuple[str, ...], params_file: Path, workers: int, dry_run: bool, as_json: bool
) -> None:
    """Run every combination of values over the params and RECIPES, what the runs share only once.

    \b
      earmark grid recipes/real-gender.yaml -S train.learning_rate=1e-4,1e-3 -S train.head=final,linear
    """
    from earmark import config
    from earmark.plan import Plan
    from earmark.sweeps import grid as grids

    plan = Plan.of(config.load(params_file, *recipes).plain())
    members = grids.members_of(plan, [grids.parse_axis(axis) for axis in axes])
    if dry_run:
        names = [member.name for member in members]
        click.echo(json.dumps(names, indent=2) if as_json else "\n".join(names))
        return
    summary = grids.grid(plan, members, workers)
    told = f"best of {len(members)} by validation: {summary['best']['name']}\nall of it: {grids.PUBLISHED}/grid.csv"
    click.echo(json.dumps(summary, indent=2) if as_json else told)
