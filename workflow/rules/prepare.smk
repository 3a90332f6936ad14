"""Recordings to manifest: which clips take part, with which label, in which split, and what was put aside and why."""

if PLAN.demo:

    checkpoint demo_corpus:
        output:
            str(PLAN.demo),
        log:
            f"{STORE}/logs/demo.log",
        benchmark:
            f"{STORE}/benchmarks/demo_corpus/demo.tsv"
        conda:
            ENVIRONMENT
        threads: workflow.cores
        shell:
            "earmark demo $(dirname {output}) --workers {threads} 2>&1 | tee {log}"


rule synthetic_speech:
    output:
        f"{STORE}/synthetic/{{key}}/provenance.json",
    log:
        f"{STORE}/logs/synthetic/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/synthetic_speech/{{key}}.tsv"
    conda:
        ENVIRONMENT
    threads: workflow.cores
    params:
        params=lambda wildcards: PLAN.params_file,
    shell:
        "earmark speak --params {params.params} --workers {threads} 2>&1 | tee {log}"


checkpoint manifest:
    input:
        [ancient(str(PLAN.demo))] if PLAN.demo else [],
        synthetic,
    output:
        f"{STORE}/prepare/{{key}}/provenance.json",
    log:
        f"{STORE}/logs/prepare/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/manifest/{{key}}.tsv"
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
