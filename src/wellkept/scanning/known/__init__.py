"""The store's own secrets, recognised exactly, by a scanner that does not hold them.

The store makes a fingerprint *file*: keyed tags and digests of every form of every version's value. The
*matcher* compares a stream with them. What the tags give away, and what they do not, is decision 0140.
``forms`` says what is looked for, ``windows`` how a tag is computed, ``build`` makes the file's content from
values, ``store`` gets the values from a store, ``key`` finds the key.
"""
