"""Audio to mel images: one job per shard of clips, over cores or a cluster."""


def mels(wildcards):
    """The mel shards of the study."""
    manifest(wildcards)
    return ancient([str(PLAN.mel_path(shard)) for shard in PLAN.shards])


rule mel_shard:
    input:
        manifest,
    output:
        STORE + "/mel/{key}.parquet",
    params:
        study=study,
        shard=lambda wildcards: PLAN.shard_of_mel(wildcards.key).name,
    conda:
        ENVIRONMENT
    log:
        STORE + "/logs/mel/{key}.log",
    resources:
        mem_mb=500,
    shell:
        "earmark mel {params.study} --shard {params.shard} 2> {log}"


rule mel:
    input:
        manifest,
        mels,
    params:
        study=study,
    conda:
        ENVIRONMENT
    log:
        f"{STORE}/logs/publish/mel.log",
    shell:
        "earmark publish mel {params.study} 2> {log}"


rule png:
    input:
        manifest,
        mels,
    params:
        study=study,
    conda:
        ENVIRONMENT
    log:
        f"{STORE}/logs/publish/png.log",
    shell:
        "earmark png data/png {params.study} 2>&1 | tee {log}"
