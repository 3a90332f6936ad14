"""Version of each step's numbers. Bump one when the step's results change; a comment edit changes nothing.

The versions are part of every content key, and DVC reads them from this file as parameters, so that Snakemake
and DVC agree on when a step must run again. Golden tests fail when numbers change without a bump.
"""

PREPARE = 2
SYNTHETIC = 1
MEL = 2
EMBED = 3
RATES = 1
TRAIN = 2
AUGMENT = 1  # of models that train.augment had a part in
SCRATCH = 1  # of networks that are trained from scratch
ENSEMBLE = 1  # of several networks that answer together
CONFOUNDS = 1
EVALUATE = 4
EXPLORE = 1
