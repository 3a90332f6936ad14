"""Features to model: the head is trained, every epoch logged to MLflow as it ends."""


def model(wildcards):
    """The trained model of the study."""
    manifest(wildcards)
    return ancient(f"{PLAN.model}/provenance.json")


rule head:
    input:
        manifest,
        features,
        ancient(str(PLAN.backbone)),
    output:
        STORE + "/train/{key}/provenance.json",
    params:
        study=study,
    conda:
        ENVIRONMENT
    log:
        STORE + "/logs/train/{key}.log",
    threads: workflow.cores
    resources:
        gpu=1,
    shell:
        "earmark train {params.study} 2>&1 | tee {log}"


rule train:
    input:
        manifest,
        mels,
        features,
        model,
    params:
        study=study,
    conda:
        ENVIRONMENT
    log:
        f"{STORE}/logs/publish/train.log",
    shell:
        "earmark publish train {params.study} 2> {log}"
