"""What the rules ask the plan for: input functions, evaluated once the manifest is there, and what the report shows."""


def shown(path, category, name):
    """A file of a product, for `snakemake --report`; products are whole, so it is there when their record is.

    One that products of this step version do not have would make Snakemake make them again.
    """
    return report(
        f"{STORE}/{path}",
        category=category,
        labels={"shows": name},
        caption=f"../report/{name}.rst",
    )


def manifest(wildcards):
    """The manifest's folder is complete; everything below is planned once it is."""
    if PLAN.demo and not PLAN.demo.is_file():
        checkpoints.demo_corpus.get()
    if not PLAN.is_prepared:
        checkpoints.manifest.get(key=PLAN.prepare_key)
    return ancient(f"{PLAN.prepared}/provenance.json")


def synthetic(wildcards):
    """The synthetic speech of the study, if it has any."""
    if PLAN.synthetic is None:
        return []
    return ancient(f"{PLAN.synthetic.folder}/provenance.json")


def study(wildcards, input):
    """The arguments that tell a command which study it works for."""
    if PLAN.demo and not PLAN.demo.is_file():
        return "known once the demo corpus is there"
    return f"--params {PLAN.params_file} --manifest {PLAN.prepared}"


def images_of(shards):
    """The mel shards that are there, and a receipt of each job that makes missing ones."""
    found = [PLAN.mel_path(shard) for shard in shards]
    missing = {path for path in found if not path.is_file()}
    batches = [
        batch
        for batch in PLAN.mel_batches(workflow.cores or CLUSTER_JOBS)
        if missing & {PLAN.mel_path(shard) for shard in batch.shards}
    ]
    return [ancient(str(path)) for path in found if path not in missing] + [
        f"{STORE}/mel/{batch.name}.done" for batch in batches
    ]


def mels(wildcards):
    """The mel shards of the study."""
    manifest(wildcards)
    return images_of(PLAN.shards)


def features(wildcards):
    """Features that are there, and a receipt of each job that makes missing ones; none where the backbone learns."""
    manifest(wildcards)
    if PLAN.learns_from_images:
        return []
    missing = [job for job in PLAN.extraction_jobs if PLAN.missing_features(job)]
    found = [
        str(path) for path in map(PLAN.feature_path, PLAN.shards) if path.is_file()
    ]
    return [ancient(path) for path in found] + [
        f"{STORE}/embed/{job}.done" for job in missing
    ]


def examples(wildcards):
    """What the model learns from: the images, or the frozen features and the backbone that made them."""
    if PLAN.learns_from_images:
        return mels(wildcards)
    return features(wildcards) + [ancient(str(PLAN.backbone))]


def mels_to_embed(wildcards):
    """The mel shards of one extraction job whose features are missing."""
    manifest(wildcards)
    return images_of(PLAN.missing_features(wildcards.key))


def rates(wildcards):
    """The learning-rate range test of the study's training."""
    manifest(wildcards)
    return ancient(f"{PLAN.rates()}/provenance.json")


def confounds(wildcards):
    """The scores of the confound probes."""
    manifest(wildcards)
    return ancient(f"{PLAN.confounds}/provenance.json")


def exploration(wildcards):
    """The exploration page of the study's data."""
    manifest(wildcards)
    return ancient(f"{PLAN.exploration}/provenance.json")


def model(wildcards):
    """The trained model of the study."""
    manifest(wildcards)
    return ancient(f"{PLAN.model}/provenance.json")


def evaluation(wildcards):
    """The evaluation of the study's model."""
    manifest(wildcards)
    return ancient(f"{PLAN.evaluation}/provenance.json")
