"""Serving: a trained model to answers, through the front end it was trained with."""
