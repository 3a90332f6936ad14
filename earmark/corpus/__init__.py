"""Recordings to a manifest: which clips there are, which are used, and on which side of the split each one is."""
