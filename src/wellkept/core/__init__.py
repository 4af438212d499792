"""The secrets manager, with no HTTP in it: request, policy, audit, and the embedded store.

``Core.handle`` is the one door to a stored secret; everything else in here serves it. Nothing is imported
from here that is not asked for by module.
"""
