"""The audit record of a served store: one line a read, two a mutation, to one or several devices.

A request is answered when at least one device has its record, and fails otherwise. Each process writes to
each device a chain of its own (``chain``), so processes never wait for each other; what they append to one
file mingles, and ``verify`` takes it apart again. ``broker`` holds the devices, ``record`` says what a line
holds. While no device is enabled, the store's own log takes the records: there is no unrecorded service.
"""
