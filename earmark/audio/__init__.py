"""Audio: sound to numbers."""
