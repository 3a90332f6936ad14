"""The command line: ``earmark STEP …``. The workflow's rules call the same commands that a person can type.

Every command imports what it needs when it runs, so that ``earmark --help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from earmark import __version__
from earmark.commands import app, comparing, data, exporting, promoting, serving, steps, sweeping, using
from earmark.errors import EarmarkError


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


COMMANDS = [
    steps.demo,
    data.datasets,
    data.download,
    steps.speak,
    steps.prepare,
    steps.mel,
    steps.export_backbone,
    steps.embed,
    steps.rates,
    steps.train,
    sweeping.validate,
    steps.confounds,
    steps.explore,
    steps.evaluate,
    steps.publish,
    sweeping.search,
    sweeping.folds,
    sweeping.grid,
    steps.png,
    data.show,
    data.shards,
    serving.predict,
    serving.listen,
    app.app,
    exporting.export,
    using.summary,
    using.provenance,
    promoting.promote,
    using.use,
    comparing.table,
    using.doctor,
    data.profile,
    data.store,
    data.gc,
    steps.backbone,
]
"""In the order of the flow, which is that of the help."""

for command in COMMANDS:
    main.add_command(command)
