"""Export: a trained model as one file for a device, front end included, with the proof that it answers alike."""
