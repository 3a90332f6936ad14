"""The data shown to a person: confound probes, and one page of tables, pictures and sounds."""


rule confounds:
    input:
        manifest,
        mels,
    output:
        f"{STORE}/confounds/{{key}}/provenance.json",
    log:
        f"{STORE}/logs/confounds/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/confounds/{{key}}.tsv"
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark confounds {params.study} 2>&1 | tee {log}"


rule exploration:
    input:
        manifest,
        mels,
        confounds,
    output:
        f"{STORE}/explore/{{key}}/provenance.json",
        shown("explore/{key}/index.html", "Data", "exploration"),
    log:
        f"{STORE}/logs/explore/{{key}}.log",
    benchmark:
        f"{STORE}/benchmarks/exploration/{{key}}.tsv"
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark explore {params.study} 2>&1 | tee {log}"


rule explore:
    input:
        manifest,
        mels,
        exploration,
    log:
        f"{STORE}/logs/publish/explore.log",
    conda:
        ENVIRONMENT
    params:
        study=study,
    shell:
        "earmark publish explore {params.study} 2> {log}"
