"""Whether the files that TLS needs, here and towards providers, are what they should be."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from llmrpc_server.rpc.server import TlsSettings


def bundle_problems(bundle: str) -> Iterator[str]:
    """What is wrong with the authorities of the providers."""
    return _certificate_problems("http.ca_bundle", Path(bundle))


def tls_problems(tls: TlsSettings) -> Iterator[str]:
    """What is wrong with the files, each with its path in the configuration."""
    certificate = list(_certificate_problems("listen.tls.certificate", tls.certificate))
    yield from certificate
    if not certificate:
        yield from _key_problems(tls)
    elif not tls.key.is_file():
        yield f"listen.tls.key: there is no file {tls.key}"
    if tls.client_ca is not None:
        yield from _certificate_problems("listen.tls.client_ca", tls.client_ca)


def _certificate_problems(path: str, file: Path) -> Iterator[str]:
    try:
        _context().load_verify_locations(file)
    except ssl.SSLError:
        yield f"{path}: {file} has no certificate in PEM form"
    except OSError as error:
        yield f"{path}: {file} cannot be read: {error.strerror}"


def _key_problems(tls: TlsSettings) -> Iterator[str]:
    try:
        # an empty password, lest an encrypted key is asked for at the terminal
        _context().load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError:
        yield f"listen.tls.key: {tls.key} is no unencrypted private key of the certificate"
    except OSError as error:
        yield f"listen.tls.key: {tls.key} cannot be read: {error.strerror}"


def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
