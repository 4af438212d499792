"""Speed, measured: every claim has a script here that runs the rival beside us in the same run.

``python -m bench`` runs them all; ``python -m bench.cached_read`` one. Figures are medians of alternating
rounds, because the machine drifts: trust the ratios.
"""
