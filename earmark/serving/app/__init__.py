"""The web page: one static page, and a server that answers it from worker processes under the limits of an upload."""
