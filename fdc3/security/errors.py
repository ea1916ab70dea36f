"""What can go wrong between two apps that do not trust the agent."""

from __future__ import annotations


class SecurityError(Exception):
    """``str()`` says what was wrong, without any secret."""


class KeyNotFound(SecurityError):
    """A published key is not there, cannot be fetched, or its publisher is not trusted."""


class NotDecrypted(SecurityError):
    """An encrypted context or key cannot be opened with this key."""


class TokenRejected(SecurityError):
    """A user's token is not to be believed."""
