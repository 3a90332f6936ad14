"""Runs beside each other and beside published figures: tables of recipes, filled from what is in the store."""
