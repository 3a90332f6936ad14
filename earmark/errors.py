"""The one exception that is meant for people: the command line prints its message and nothing else."""

import difflib
from collections.abc import Collection


class EarmarkError(Exception):
    """A problem the user can act on: the message names the file or field, what is wrong, and the fix."""


def nearest(name: str, known: Collection[str]) -> str:
    """What to say after an unknown ``name``: the ``known`` one that looks most like it, or all that there are."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
