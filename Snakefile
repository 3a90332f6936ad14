"""earmark's workflow: `snakemake --cores all` runs everything up to the report.

Targets: demo, prepare, mel, embed, rates, train, evaluate, report, explore, png, backbone, search, folds. The rules only
wire: which products a study needs, and under which content key each one lives, is decided by `earmark.plan`;
docs/store.md explains why a product that exists is right and is never made again.
"""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from earmark import overlay
from earmark.errors import EarmarkError
from earmark.plan import Plan
from earmark.store import acquire


configfile: "params.yaml"


report: "workflow/report/workflow.rst"


try:
    PLAN = Plan.of(
        overlay.resolved(
            config, workflow.overwrite_configfiles, workflow.config_settings.config
        )
    )
except EarmarkError as error:
    raise WorkflowError(str(error)) from None

config.update(PLAN.params.resolved())  # with what recipes extend: captions tell it

STORE = str(PLAN.store.root)
ENVIRONMENT = "../../envs/environment.yaml"

# jobs call `earmark`, also where the environment is used without being activated; whoever sets a prefix loses Snakemake's
# own, without which a job that pipes into `tee` succeeds whatever its command does
shell.prefix(f'set -euo pipefail; PATH="{Path(sys.executable).parent}:$PATH"; ')

if workflow.is_main_process and not workflow.dryrun:
    LOCK = acquire(
        PLAN.store.root
    )  # until this process ends: runs that share a store take turns
    PLAN.forget_receipts()
    PLAN.seed()


CLUSTER_JOBS = 16  # at a time, where a cluster's executor does not say how many


wildcard_constraints:
    key="[0-9a-f]{20}",
    shards="[01.]+|all..all",


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/mel.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/explore.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/backbone.smk"
include: "workflow/rules/search.smk"


rule all:
    default_target: True
    input:
        manifest,
        mels,
        features,
        confounds,
        model,
        evaluation,
    log:
        f"{STORE}/logs/publish/all.log",
    conda:
        "envs/environment.yaml"
    params:
        study=study,
    shell:
        "earmark publish evaluate {params.study} 2> {log}"
