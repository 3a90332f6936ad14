"""The one exception that is meant for people: the command line prints its message and nothing else."""


class EarmarkError(Exception):
    """A problem the user can act on: the message names the file or field, what is wrong, and the fix."""
