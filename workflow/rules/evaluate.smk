"""Model to judgement: metrics with intervals, predictions, plots and the report."""


rule judgement:
    input:
        manifest,
        mels,
        confounds,
        model,
    output:
        f"{STORE}/evaluate/{{key}}/provenance.json",
        shown("evaluate/{key}/report/index.html", "Result", "report"),
        shown("evaluate/{key}/plots/confusion.png", "Result", "confusion"),
        shown("evaluate/{key}/plots/calibration.png", "Result", "calibration"),
        shown("evaluate/{key}/plots/curves.png", "Training", "curves"),
        shown("evaluate/{key}/plots/examples.png", "Data", "examples"),
    log:
        f"{STORE}/logs/evaluate/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/judgement/{{key}}.tsv"
    conda:
        ENVIRONMENT
    threads: workflow.cores
    params:
        study=study,
    shell:
        "earmark evaluate {params.study} 2>&1 | tee {log}"


rule evaluate:
    input:
        manifest,
        mels,
        features,
        confounds,
        model,
        evaluation,
    log:
        f"{STORE}/logs/publish/evaluate.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish evaluate {params.study} 2> {log}"


use rule evaluate as report with:
    log:
        f"{STORE}/logs/publish/report.log",
