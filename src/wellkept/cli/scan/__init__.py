"""``wellkept scan``: what to look at, how, and what the exit code says. One file per kind of target.

Nothing is imported here: ``scan staged`` runs at every commit, and pays only for what it uses.
"""
