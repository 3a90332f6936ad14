"""Many studies at once: the search for better params, all folds of a cross-validation, and grids of chosen values.

Every member is an ordinary study: its params make a plan, the commands of the workflow make what the plan lacks, and
what members have in common is made once, because it has one content key.
"""
