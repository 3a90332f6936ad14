"""earmark: from recorded speech to a classifier that can be trusted, tracked, versioned and served."""

__version__ = "0.1.0"
