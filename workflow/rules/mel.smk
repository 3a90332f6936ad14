"""Audio to mel images: one job per shard of clips, over cores or a cluster."""


rule mel_shard:
    input:
        manifest,
    output:
        f"{STORE}/mel/{{key}}.parquet",
    log:
        f"{STORE}/logs/mel/{{key}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
    params:
        study=study,
        shard=lambda wildcards: PLAN.shard_of_mel(wildcards.key).name,
    shell:
        "earmark mel {params.study} --shard {params.shard} 2> {log}"


rule mel:
    input:
        manifest,
        mels,
    log:
        f"{STORE}/logs/publish/mel.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish mel {params.study} 2> {log}"


rule png:
    input:
        manifest,
        mels,
    log:
        f"{STORE}/logs/publish/png.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark png data/png {params.study} 2>&1 | tee {log}"
