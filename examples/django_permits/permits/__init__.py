"""Permits: officials log in with OpenID Connect and approve a step with a code of their app."""
