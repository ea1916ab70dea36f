"""What joserfc may use for us: the algorithm of the moment and no other, and messages as large as the agent's."""

from __future__ import annotations

import copy

from joserfc.jwe import JWERegistry
from joserfc.jws import JWSRegistry

from fdc3.transports.link import LARGEST_REQUEST


class _Signing(JWSRegistry):
    max_header_length = 4096
    max_payload_length = 2 * LARGEST_REQUEST


class _Encrypting(JWERegistry):
    max_protected_header_length = 4096
    max_ciphertext_length = 2 * LARGEST_REQUEST


# joserfc warns that EdDSA has a newer name (RFC 9864); FDC3 asks for this one.
_eddsa = copy.copy(JWSRegistry.algorithms["EdDSA"])
_eddsa.security_warning = None
_Signing.algorithms = {**JWSRegistry.algorithms, "EdDSA": _eddsa}


def signing(algorithm: str) -> JWSRegistry:
    return _Signing(algorithms=[algorithm], strict_check_header=False)


def encrypting(*algorithms: str) -> JWERegistry:
    return _Encrypting(algorithms=list(algorithms))
