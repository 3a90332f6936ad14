"""Running what a table lacks: the real ``snakemake``, one recipe after another, as a person would type it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from earmark import recipes


def run(name: str, settings: Mapping[str, Any], cores: str = "all", folder: Path = recipes.FOLDER) -> bool:
    """Run the recipe ``name`` with ``settings`` on top, up to its report; whether it came to its end.

    What Snakemake prints goes to standard error.
    """
    snakemake = Path(sys.executable).with_name("snakemake")
    with TemporaryDirectory() as place:
        files = [str(recipes.find(name, folder))]
        if settings:
            (own := Path(place) / "settings.yaml").write_text(yaml.safe_dump(dict(settings)))
            files.append(str(own))
        command = [str(snakemake), "all", "--cores", cores, "--configfile", *files]
        print(f"earmark: {' '.join(command)}", file=sys.stderr, flush=True)
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
