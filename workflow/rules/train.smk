"""Features, or images, to model: every epoch is logged to MLflow as it ends."""


rule network:
    input:
        manifest,
        examples,
    output:
        f"{STORE}/train/{{key}}/provenance.json",
        shown("train/{key}/history.csv", "Training", "epochs"),
    log:
        f"{STORE}/logs/train/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/network/{{key}}.tsv"
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        study=study,
    shell:
        "earmark train {params.study} 2>&1 | tee {log}"


rule range_test:
    input:
        manifest,
        examples,
    output:
        f"{STORE}/rates/{{key}}/provenance.json",
        shown("rates/{key}/rates.png", "Training", "rates"),
    log:
        f"{STORE}/logs/rates/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/range_test/{{key}}.tsv"
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        study=study,
    shell:
        "earmark rates {params.study} 2>&1 | tee {log}"


rule rates:
    input:
        manifest,
        mels,
        features,
        rates,
    log:
        f"{STORE}/logs/publish/rates.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish rates {params.study} 2> {log}"


rule train:
    input:
        manifest,
        mels,
        features,
        model,
    log:
        f"{STORE}/logs/publish/train.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish train {params.study} 2> {log}"
