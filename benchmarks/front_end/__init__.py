"""The parts of ``benchmarks/front_end.py``; what runs in the peers' environment imports nothing of earmark."""
