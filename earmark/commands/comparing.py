"""Tables of runs beside each other and beside published figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earmark.commands.options import json_option

if TYPE_CHECKING:
    from earmark.comparison.outcome import Outcome


@click.command()
@click.argument("name", required=False)
@click.option("--run", "run_missing", is_flag=True, help="Run the recipes that were not run, by snakemake.")
@click.option(
    "-S", "--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="Param of every row's recipe."
)
@click.option("--cores", default="all", show_default=True, help="Of snakemake.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/tables"),
    show_default=True,
    help="Folder of the Markdown and CSV files.",
)
@json_option
def table(
    name: str | None, run_missing: bool, settings: tuple[str, ...], cores: str, output: Path, as_json: bool
) -> None:
    """Compare recipes: fill the table NAME (recipes/tables/NAME.yaml) from their runs; without a name, list tables.

    Figures are those of the runs under exactly these params; a recipe that was not run is named below the table, and
    --run runs it. The table is printed and written as Markdown and CSV; where it has honest twins, the MLflow runs of
    both say what the other reached.

    \b
      earmark table gender-ladder
      earmark table keywords --run -S train.epochs=1
    """
    from earmark.comparison.outcome import outcome_of
    from earmark.comparison.running import run
    from earmark.comparison.spec import Spec, describe
    from earmark.comparison.tabulate import fill
    from earmark.overlay import settings as parse_settings

    if name is None:
        click.echo(describe())
        return
    spec, values = Spec.load(name), parse_settings(settings)
    outcomes = {recipe: outcome_of(recipe, values) for recipe in spec.recipes()}
    for recipe in [recipe for recipe in outcomes if run_missing and outcomes[recipe].missing]:
        run(recipe, values, cores)
        outcomes[recipe] = outcome_of(recipe, values)
    filled = fill(spec, outcomes, _count)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}.md").write_text(filled.markdown(), encoding="utf-8")
    (output / f"{name}.csv").write_text(filled.csv(), encoding="utf-8")
    _note_twins(spec, outcomes)
    click.echo(json.dumps(filled.as_dicts(), indent=2) if as_json else filled.markdown())


def _count(outcome: Outcome, classes: int) -> Mapping[str, Any]:
    """The measures that are counted in the network itself."""
    from earmark.models.cost import cost_of, image_of

    cost = cost_of(outcome.params, classes)
    sizes = {f"network_{name}": getattr(cost, name) for name in ("parameters", "trainable", "non_trainable")}
    return {"image": image_of(outcome.params), **sizes, "macs": cost.macs}


def _note_twins(spec: Any, outcomes: Mapping[str, Outcome]) -> None:
    """Tell each MLflow run of a pair what the other reached."""
    from earmark import tracking

    for row in spec.rows:
        pair = [outcomes[name] for name in (row.recipe, row.honest) if name in outcomes and outcomes[name].judged]
        if row.honest and len(pair) == 2:
            for own, other in (pair, pair[::-1]):
                tracking.note_twin(own.params, own.judged, other.name, other.judged)
