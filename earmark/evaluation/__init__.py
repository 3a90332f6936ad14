"""Judging a trained model: metrics, predictions, plots and the report."""
