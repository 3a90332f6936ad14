"""Audio to images: one warm process per batch of shards, over cores or a cluster."""


rule mel_shards:
    input:
        manifest,
        synthetic,
    output:
        temp(touch(f"{STORE}/mel/{{key}}.{{shards}}.done")),
    log:
        f"{STORE}/logs/mel/{{key}}.{{shards}}.log",
    benchmark:
        f"{STORE}/benchmarks/mel_shards/{{key}}.{{shards}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
    params:
        study=study,
    shell:
        "earmark mel {params.study} --shards {wildcards.shards} 2> {log}"


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
