"""Mel images to bottleneck features: one process loads the pretrained network once and serves many shards."""


rule backbone_onnx:
    output:
        f"{STORE}/backbone/{{key}}.onnx",
    log:
        f"{STORE}/logs/backbone/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/backbone_onnx/{{key}}.tsv"
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
        temp(touch(f"{STORE}/embed/{{key}}.done")),
    log:
        f"{STORE}/logs/embed/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/feature_shards/{{key}}.tsv"
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
