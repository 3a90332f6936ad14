"""The embedded backbone, rebuilt from nothing: synthetic speech of many languages and voices, then pretraining."""


rule backbone:
    output:
        "results/backbone/earmark_base.weights.h5",
        "results/backbone/earmark_base.json",
        touch("results/backbone/complete"),  # the others are written after every epoch
    log:
        f"{STORE}/logs/pretrain.log",
    conda:
        ENVIRONMENT
    threads: workflow.cores
    resources:
        gpu=1,
    shell:
        "earmark backbone results/backbone --workers {threads} 2>&1 | tee {log}"
