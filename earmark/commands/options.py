"""Options that several commands share, and the plan of the study that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from earmark.plan import Plan

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


def plan_of(params_file: Path, manifest: Path | None = None) -> Plan:
    """The plan of the params in a file, and of the ``manifest`` (its folder in the store) where that is known."""
    import yaml

    from earmark.plan import Plan

    return Plan.of(yaml.safe_load(params_file.read_text()) or {}, manifest)
