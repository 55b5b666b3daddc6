# SPDX-License-Identifier: MIT
"""From the `ssl_params` of mqtt_as to an SSLContext. Imported only where TLS is used."""

# MicroPython 1.22 has the same in `ssl`; later versions wrap it there once more.
try:
    import tls
except ImportError:
    import ssl as tls


def context(params):
    """Return the context that the keys `cert_reqs`, `cadata`, `cert` and `key` describe.

    `cadata`, `cert`, `key`: bytes, PEM or DER. The broker's certificate is verified when
    `cert_reqs` says so, or when `cadata` is there and `cert_reqs` is not. Raises ValueError or
    OSError when a certificate or key cannot be read.
    """
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    authority = params.get("cadata")
    made.verify_mode = params.get(
        "cert_reqs", tls.CERT_REQUIRED if authority else tls.CERT_NONE
    )
    if authority:
        made.load_verify_locations(authority)
    if params.get("cert"):
        made.load_cert_chain(params["cert"], params["key"])
    return made
