"""DER done fast: the shapes of certificates, CRLs, OCSP answers, CMS and timestamps, read by offsets.

Every reader slices the *original* bytes: what is hashed or verified is never re-encoded.  Readers of hostile
bytes raise only :class:`eidkit.errors.EidkitError` children.
"""
