"""The mel step without Snakemake: one process makes its part of all shards, one after the other.

python -m front_end.mel_worker PARAMS MANIFEST PART PARTS
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from earmark.audio.frontend import Frontend
from earmark.plan import Plan, Shard
from earmark.shards.write import write_mel_shard


def make(plan: Plan, shards: list[Shard]) -> None:
    """What ``earmark mel`` does for these shards, with one front end for all of them."""
    frontend = Frontend(plan.params.features)
    for shard in shards:
        write_mel_shard(
            shard.clips,
            plan.params.features,
            plan.recordings.path,
            plan.provenance("mel", shard),
            plan.mel_path(shard),
            plan.previous("mel", shard),
            frontend,
        )
        plan.remember("mel", shard)


def main(params: Path, manifest: Path, part: int, parts: int) -> None:
    """Plan as a job does, and make every ``parts``-th shard."""
    plan = Plan.of(yaml.safe_load(params.read_text()), manifest)
    make(plan, plan.shards[part::parts])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
