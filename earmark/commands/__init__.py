"""The commands of ``earmark``, each importing what it needs when it runs, so that ``--help`` answers at once."""
