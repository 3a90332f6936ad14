"""Whatever the layout: a folder, an archive as the root, and a folder that holds the archive yield the same clips."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from earmark.config import DataParams

FORMATS = {"tar": ".tar", "gztar": ".tar.gz", "zip": ".zip"}
ADAPTERS = sorted({*get_args(DataParams.model_fields["adapter"].annotation)} - {"demo"})
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "table": {"table": "clips.csv"},
    "speech_commands": {"words": ["yes", "no"]},
}


def facts(rows, prefix: str = ""):
    """What is told of each clip or bad row, paths without the archive's name."""
    found = [{key: str(value).replace(prefix, "") for key, value in asdict(row).items()} for row in rows]
    return sorted(found, key=lambda row: sorted(row.items()))


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("kind", list(FORMATS))
def test_an_archive_counts_as_a_folder(read, tree, tmp_path, adapter, kind):
    folder, settings = tree(adapter, tmp_path / "plain"), SETTINGS.get(adapter, {})
    clips, bad = read(adapter, folder, **settings)
    assert len(clips) >= 2
    archive = Path(shutil.make_archive(str(tmp_path / "holder" / "data"), kind, folder))
    assert archive.name == f"data{FORMATS[kind]}"
    inside, bad_inside = read(adapter, archive, **settings)
    assert (facts(inside), facts(bad_inside)) == (facts(clips), facts(bad))
    assert all(clip.path in {c.path for c in clips} for clip in inside)
    if adapter == "table":  # its paths start at the root, which is now above the archive
        return
    held, bad_held = read(adapter, archive.parent, **settings)
    assert (facts(held, f"{archive.name}/"), facts(bad_held, f"{archive.name}/")) == (facts(clips), facts(bad))
    assert all(clip.path.startswith(f"{archive.name}/") for clip in held)
