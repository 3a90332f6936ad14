"""Mel images to bottleneck features: one process loads the pretrained network once and serves many shards."""


def features(wildcards):
    """Features that are there, and a receipt of each job that makes missing ones."""
    manifest(wildcards)
    missing = [job for job in PLAN.extraction_jobs if PLAN.missing_features(job)]
    found = [
        str(path) for path in map(PLAN.feature_path, PLAN.shards) if path.is_file()
    ]
    return [ancient(path) for path in found] + [
        f"{STORE}/embed/{job}.done" for job in missing
    ]


def mels_to_embed(wildcards):
    """The mel shards of one extraction job whose features are missing."""
    manifest(wildcards)
    return ancient(
        [str(PLAN.mel_path(shard)) for shard in PLAN.missing_features(wildcards.key)]
    )


rule backbone_onnx:
    output:
        STORE + "/backbone/{key}.onnx",
    log:
        STORE + "/logs/backbone/{key}.log",
    conda:
        ENVIRONMENT
    params:
        params=lambda wildcards: PLAN.params_file,
    shell:
        "earmark export-backbone --params {params.params} 2> {log}"


rule feature_shards:
    input:
        manifest,
        mels_to_embed,
        ancient(str(PLAN.backbone)),
    output:
        temp(touch(STORE + "/embed/{key}.done")),
    log:
        STORE + "/logs/embed/{key}.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        study=study,
        shards=lambda wildcards: ",".join(
            shard.name for shard in PLAN.extraction_jobs[wildcards.key]
        ),
    shell:
        "earmark embed {params.study} --shards {params.shards} --threads {threads} 2>&1 | tee {log}"


rule embed:
    input:
        manifest,
        mels,
        features,
    log:
        f"{STORE}/logs/publish/embed.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish embed {params.study} 2> {log}"
