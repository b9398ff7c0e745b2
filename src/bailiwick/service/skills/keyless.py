"""Signatures without a key of their own (Sigstore): who signed is in a certificate of minutes, and a log shows when.

The ``sigstore`` library verifies them, with nothing but a ``trusted_root.json`` that is given: no network, no TUF repository.

1. The certificate leads to an authority of the root, and was valid when the log took the signature in.
2. The log of certificates has seen it (the timestamp in the certificate), and the transparency log the signature (its proof, its
   checkpoint, its promise).
3. It was given to the identity that is asked for, by the issuer that is asked for.
4. The signature holds over the statement.
"""

import binascii

from bailiwick.administration.skills.dsse import STATEMENT
from bailiwick.administration.skills.publisher import MAX_BUNDLE, PublisherError

EXTRA = "Sigstore's keyless signatures need `pip install 'bailiwick[sigstore]'`"


def keyless_statement(bundle: bytes, root: bytes, *, identity: str, issuer: str) -> bytes:
    """The statement that ``identity``, as ``issuer`` knows it, signed; ``root`` is a ``trusted_root.json``. Raises ``PublisherError``."""
    try:
        from sigstore.errors import Error, VerificationError  # noqa: PLC0415 - an extra, and slow to load
        from sigstore.models import Bundle, TrustedRoot  # noqa: PLC0415
        from sigstore.verify import Verifier, policy  # noqa: PLC0415
        from sigstore_models.trustroot import v1 as trustroot  # noqa: PLC0415
    except ImportError:
        raise PublisherError(EXTRA) from None
    try:
        verifier = Verifier(trusted_root=TrustedRoot(trustroot.TrustedRoot.from_json(root)))
    except (Error, ValueError, KeyError) as error:
        raise PublisherError(f"it is no trusted root of Sigstore ({type(error).__name__})") from None
    try:
        said = Bundle.from_json(bundle[:MAX_BUNDLE])
        wanted = policy.Identity(identity=identity, issuer=issuer)
        kind, payload = verifier.verify_dsse(said, wanted)  # (1) to (4)
    except VerificationError as error:
        raise PublisherError(f"the keyless signature does not hold: {error}") from None
    except (Error, ValueError, KeyError, TypeError, binascii.Error) as error:
        raise PublisherError(f"it is no bundle of a keyless signature ({type(error).__name__})") from None
    if kind != STATEMENT:
        raise PublisherError(f"it is a bundle of another kind: {kind[:80]}")
    return payload
