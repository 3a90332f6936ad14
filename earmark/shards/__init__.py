"""Shards: numbers to Parquet and back."""
