"""Promoting: which model is to be served."""

from __future__ import annotations

import json

import click

from earmark.commands.options import json_option


@click.command()
@click.argument("run", required=False)
@click.option("--force", is_flag=True, help="Promote it although the champion is better, or cannot be compared.")
@json_option
def promote(run: str | None, force: bool, as_json: bool) -> None:
    """Make the model of the MLflow run RUN (its name or id; without one the model in results/) its task's champion.

    The alias `champion` of the registered model `earmark-TASK` moves to it. It is compared with the champion on the
    test clips that both were judged by (McNemar's exact test), and refused if the champion is better by more than
    chance.

    \b
      earmark promote earmark_base-final-0ca589
      mlflow models serve -m models:/earmark-language@champion --env-manager local
    """
    from earmark.promotion import promote as promote_run

    done = promote_run(run, force)
    if as_json:
        click.echo(json.dumps(done.as_dict(), ensure_ascii=False, indent=2))
        return
    click.echo(f"{done.run} is version {done.version} of {done.model}, and its champion\n{done.words}")
