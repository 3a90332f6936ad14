"""Features, or images, to model: every epoch is logged to MLflow as it ends."""


rule network:
    input:
        manifest,
        examples,
    output:
        f"{STORE}/train/{{key}}/provenance.json",
    log:
        f"{STORE}/logs/train/{{key}}.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        study=study,
    shell:
        "earmark train {params.study} 2>&1 | tee {log}"


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
