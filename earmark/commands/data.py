"""Data sets and what is stored of them: list, fetch, look at, tidy up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from earmark.commands.options import json_option, manifest_option, params_option, plan_of
from earmark.errors import EarmarkError


@click.command()
@json_option
def datasets(as_json: bool) -> None:
    """List the layouts of recordings that earmark reads, and what it can download."""
    from earmark.corpus.adapters import ADAPTERS
    from earmark.corpus.download import sources

    if as_json:
        layouts = {name: adapter.layout for name, adapter in ADAPTERS.items()}
        click.echo(json.dumps({"layouts": layouts, "downloads": sources.as_dicts()}, indent=2))
        return
    click.echo("Layouts (data.adapter):\n")
    for name, adapter in ADAPTERS.items():
        click.echo(f"  {name:17} {adapter.layout}")
    click.echo(f"\nDownloads (earmark download NAME):\n\n{sources.describe()}")


@click.command()
@click.argument("name", required=False, metavar="[NAME|LISTFILE]")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--limit", help="Fetch only as much as fits, what is there included: 500MB, 2GiB.")
@json_option
def download(name: str | None, folder: Path | None, limit: str | None, as_json: bool) -> None:
    """Fetch a public data set into FOLDER (data/raw/NAME if not given); without a name, list what there is.

    A file of lines `URL [sha256]` fetches what it lists. Files are verified, what is there and right is not fetched
    again, and what was broken off goes on where it stopped: run the same command again. Archives need no unpacking.

    \b
      earmark download voxforge-fr data/raw/voxforge/fr --limit 500MB   one archive of every speaker first
      earmark download speech_commands_v0.02                            2.4 GB
    """
    from earmark.corpus.download import download as fetch
    from earmark.corpus.download import sources

    if name is None:
        click.echo(json.dumps(sources.as_dicts(), indent=2) if as_json else sources.describe())
        return
    source = sources.find(name)
    limit_bytes = sources.parse_size(limit) if limit else None
    try:
        summary = fetch(source, folder or Path("data/raw") / source.name, limit_bytes)
    except KeyboardInterrupt:
        raise EarmarkError("stopped; the same command goes on where it was") from None
    click.echo(json.dumps(summary.as_dict(), indent=2) if as_json else summary.explain())
    sys.exit(not summary.ok)


@click.command()
@click.argument("clip")
@params_option
@manifest_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Where the picture goes.")
@click.option("--open", "open_it", is_flag=True, help="Open the picture.")
@json_option
def show(
    clip: str, params_file: Path, manifest: Path | None, output: Path | None, open_it: bool, as_json: bool
) -> None:
    """Show one CLIP: its wave form, what the front end cuts, and its images with seconds, Hz and dB.

    CLIP is an audio file or a clip id of the study's manifest.
    """
    from earmark.evaluation.show import explain, find_clip, show
    from earmark.shards.png import safe_name

    plan = plan_of(params_file, manifest)
    source, start, end = Path(clip), None, None
    if not source.is_file():
        path, start, end = find_clip(plan.manifest, clip)
        source = plan.recordings.path(path)
    output = output or Path("results/show") / f"{safe_name(Path(clip).name)}.png"
    facts = show(source, plan.params.features, output, start, end)
    click.echo(json.dumps(facts, indent=2, ensure_ascii=False) if as_json else explain(facts))
    if open_it:
        click.launch(str(output))


@click.command()
@click.argument("shard", required=False)
@click.option("--verify", is_flag=True, help="Read every checksum, not only the footers.")
@json_option
def shards(shard: str | None, verify: bool, as_json: bool) -> None:
    """List the stored shards: what was made with which params, how many rows, how big; or what is in one SHARD.

    SHARD is a path, the name of a published one, or a key.
    """
    from dataclasses import asdict

    from earmark.shards import describe
    from earmark.store import Store

    places = describe.folders(Store.find().root)
    if shard is None:
        found = describe.overview(places, verify)
        click.echo(json.dumps(found.as_dict(), indent=2) if as_json else str(found))
        sys.exit(bool(found.as_dict().get("damaged")))
    inside = describe.contents(describe.find_shard(shard, places))
    click.echo(json.dumps(asdict(inside), indent=2) if as_json else describe.describe(inside))


@click.command()
@json_option
def store(as_json: bool) -> None:
    """List what the store holds, for which params, and how big it is."""
    from earmark import inventory
    from earmark.store import Store

    found = Store.find()
    click.echo(json.dumps(inventory.as_dicts(found), indent=2) if as_json else inventory.overview(found))


@click.command()
@click.option(
    "--hours", type=click.FloatRange(0), help="Only jobs of the last HOURS; all that are recorded, if not said."
)
def profile(hours: float | None) -> None:
    """Where time and memory went: a table and a picture of the workflow's jobs by rule, in results/profile/."""
    from earmark.profile import PUBLISHED
    from earmark.profile import profile as gathered
    from earmark.store import Store

    click.echo(gathered(Store.find(), hours))
    click.echo(f"\n{PUBLISHED}/profile.png", err=True)


@click.command()
@params_option
@click.option("--days", type=click.FloatRange(0), default=14, show_default=True, help="Keep what was used since.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc(params_file: Path, days: float, dry_run: bool) -> None:
    """Remove products that no study of the last days needs; `dvc checkout` brings committed ones back."""
    from earmark import inventory

    plan = plan_of(params_file)
    gone = inventory.collect(plan.store, days, plan.needed() if plan.is_prepared else [], dry_run)
    size = sum(entry.size for entry in gone) / 2**20
    click.echo(f"{'would remove' if dry_run else 'removed'} {len(gone)} products, {size:.1f} MiB")
