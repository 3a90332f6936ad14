"""Many studies at once: the search for better params, and all folds of a cross-validation."""


rule search:
    input:
        manifest,
    log:
        f"{STORE}/logs/search.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        study=study,
    shell:
        "earmark search {params.study} --workers {threads} 2>&1 | tee {log}"


rule folds:
    input:
        [ancient(str(PLAN.demo))] if PLAN.demo else [],
    log:
        f"{STORE}/logs/folds.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        params=lambda wildcards: PLAN.params_file,
    shell:
        "earmark folds --params {params.params} --workers {threads} 2>&1 | tee {log}"
