# SPDX-License-Identifier: MIT
"""TLS for mqtt_as. Imported only where it is used."""

# MicroPython 1.22 has the same in `ssl`; later versions wrap it there once more.
try:
    import tls
except ImportError:
    import ssl as tls


def wrap(sock, params, server):
    """Return `sock` with TLS. The handshake is part of the first reads and writes.

    params: the `ssl_params` of mqtt_as. `context`: an SSLContext; when there is none it is made
    from the others and kept there. `cadata`, `cert`, `key`: bytes, PEM or DER. The certificate of
    the broker is verified, against `server_hostname` or else `server`, when `cert_reqs` says so,
    or when there is `cadata` and no `cert_reqs`. Raises ValueError or OSError when one of them
    cannot be read.
    """
    context = params.get("context")
    if not context:
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        authority = params.get("cadata")
        verify = tls.CERT_REQUIRED if authority else tls.CERT_NONE
        context.verify_mode = params.get("cert_reqs", verify)
        if authority:
            context.load_verify_locations(authority)
        if params.get("cert"):
            context.load_cert_chain(params["cert"], params["key"])
        params["context"] = context
    name = params.get("server_hostname", server)
    return context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
