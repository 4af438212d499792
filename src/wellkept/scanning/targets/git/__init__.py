"""Git as a target: the whole history, what is staged, what is pushed or received.

Only plumbing commands are run, with a configuration and an environment of our own (``process``), because the
repository that is scanned may have been made to run something on whoever looks at it.
"""
