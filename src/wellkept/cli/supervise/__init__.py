"""Staying beside the command of ``run``: needed to watch, to redact, and to clean up files.

``terminal`` lends the terminal to the child, ``child`` starts and ends it, ``streams`` carries its output
through the redactor, ``loop`` waits for whatever happens next. One thread, one ``select``: signals arrive
through a wake-up pipe, so nothing is done inside a handler.
"""
