"""What the front end costs beside its alternatives, CPU time per clip and end to end: every number and one picture.

    python benchmarks/front_end.py [--quick | --all] [--no-peers]

Clips of about 6 s are cut from recorded speech (spoken by espeak-ng where there is none) and written three times: MP3
48 kHz, WAV and FLAC 16 kHz. Contenders run in processes of their own, every library pinned to one thread, and take
turns, so that a noisy machine is noisy for all of them; medians are of rounds. Lhotse and Hugging Face datasets are
installed into an environment of their own. ``--all`` adds 20,000 clips with and without Snakemake.

Writes ``results/bench/front_end.json`` (every round), ``.md`` (the tables) and ``.png``.
"""

from front_end.command import main

if __name__ == "__main__":
    main()
