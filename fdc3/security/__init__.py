"""Security between apps, end to end (FDC3 3.0, "Security & Identity"): the desktop agent is not trusted with any of it.

Signed contexts (``Signer``, ``Verifier``), the keys that apps publish (``PublishedKeys``), encrypted contexts and the
exchange of their keys on a channel (``EncryptedSender``, ``EncryptedReceiver``), and who the user is
(``IdentityProvider``, ``read_user``). Keys and algorithms are joserfc's.
No sockets but the fetching of published keys, no Qt, no agent.
"""

from fdc3.security.canonical import canonical
from fdc3.security.channels import EncryptedReceiver, EncryptedSender
from fdc3.security.encryption import decrypt, encrypt, new_symmetric_key, unwrap_key, wrap_key
from fdc3.security.errors import KeyNotFound, NotDecrypted, SecurityError, TokenRejected
from fdc3.security.keys import PublishedKeys, new_signing_key, new_wrapping_key, published
from fdc3.security.signing import Authenticity, Replays, Signer, Verifier
from fdc3.security.users import IdentityProvider, UserClaims, read_user, user_request

__all__ = [
    "Authenticity",
    "EncryptedReceiver",
    "EncryptedSender",
    "IdentityProvider",
    "KeyNotFound",
    "NotDecrypted",
    "PublishedKeys",
    "Replays",
    "SecurityError",
    "Signer",
    "TokenRejected",
    "UserClaims",
    "Verifier",
    "canonical",
    "decrypt",
    "encrypt",
    "new_signing_key",
    "new_symmetric_key",
    "new_wrapping_key",
    "published",
    "read_user",
    "unwrap_key",
    "user_request",
    "wrap_key",
]
