"""Recordings to manifest: which clips take part, with which label, in which split, and what was put aside and why."""


def manifest(wildcards):
    """The manifest's folder is complete; everything below is planned once it is."""
    if PLAN.demo and not PLAN.demo.is_file():
        checkpoints.demo_corpus.get()
    if not PLAN.is_prepared:
        checkpoints.manifest.get(key=PLAN.prepare_key)
    return ancient(f"{PLAN.prepared}/provenance.json")


def study(wildcards, input):
    """The arguments that tell a command which study it works for."""
    return f"--params {PLAN.params_file} --manifest {PLAN.prepared}"


if PLAN.demo:

    checkpoint demo_corpus:
        output:
            str(PLAN.demo),
        log:
            f"{STORE}/logs/demo.log",
        conda:
            ENVIRONMENT
        threads: workflow.cores
        shell:
            "earmark demo $(dirname {output}) --workers {threads} 2>&1 | tee {log}"


checkpoint manifest:
    input:
        [ancient(str(PLAN.demo))] if PLAN.demo else [],
    output:
        STORE + "/prepare/{key}/provenance.json",
    log:
        STORE + "/logs/prepare/{key}.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    params:
        params=lambda wildcards: PLAN.params_file,
    shell:
        "earmark prepare --params {params.params} --workers {threads} 2>&1 | tee {log}"


rule prepare:
    input:
        manifest,
    log:
        f"{STORE}/logs/publish/prepare.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish prepare {params.study} 2> {log}"
