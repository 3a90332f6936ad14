"""What is known: summary, provenance, recipes, and what the machine has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from earmark.commands.options import json_option, params_option, plan_of


@click.command()
@json_option
def summary(as_json: bool) -> None:
    """Print the test figures, where the report is, and how to open the MLflow UI."""
    from earmark.summary import read_metrics, summarise

    metrics = read_metrics(Path("results/metrics.json"))
    click.echo(json.dumps(metrics, indent=2) if as_json else summarise(metrics))


@click.command()
@click.argument("run", required=False)
@params_option
@json_option
def provenance(run: str | None, params_file: Path, as_json: bool) -> None:
    """Where the figures come from, link by link, and whether store, DVC and MLflow agree; exits with 1 if not.

    Of the study of params.yaml, or of the MLflow run RUN (its name or id).
    """
    from earmark.lineage import lineage, plan_of_run

    links = lineage(plan_of_run(run) if run else plan_of(params_file))
    if as_json:
        click.echo(json.dumps([vars(link) for link in links], ensure_ascii=False, indent=2))
    for link in [] if as_json else links:
        mark = click.style("✓", fg="green") if link.is_whole else click.style("✗", fg="red")
        click.echo(f"{mark} {link.name:11} {link.key:32} {link.words}".rstrip())
        for fault in link.faults:
            click.echo(f"    {fault}")
    sys.exit(not all(link.is_whole for link in links))


@click.command()
@click.argument("name", required=False)
@click.option("--over", is_flag=True, help="Change only what the recipe says; what else stands in params.yaml stays.")
def use(name: str | None, over: bool) -> None:
    """Write the recipe NAME into params.yaml, for `dvc repro`; without a name, list the recipes.

    What a whole study does not say gets its default, so that nothing of an earlier one is left, and every change is
    printed. Parts of recipes and the best params of a search change only what they say.
    """
    from earmark.recipes import apply, describe

    click.echo(apply(name, Path("params.yaml"), over=over) if name else describe())


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Tell what this machine has (cores, GPU, weights, versions) and what is missing."""
    from earmark.doctor import examine, explain

    findings = examine()
    click.echo(json.dumps([vars(f) for f in findings], indent=2) if as_json else explain(findings))
    sys.exit(any(finding.level == "missing" for finding in findings))
