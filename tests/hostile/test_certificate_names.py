"""Whoever is let in by a certificate has a name, wherever the certificate has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from llmrpc.v1.llm_service_pb2_grpc import LLMServiceStub
from tests.conftest import StartGateway
from tests.gateway.conftest import ask
from tests.running import as_async, until

SPIFFE = "spiffe://example.org/ns/prod/sa/batch"
NAMES: dict[str, tuple[list[x509.GeneralName], str | None, str]] = {
    "a SPIFFE id before all": (
        [x509.DNSName("svc.example.org"), x509.UniformResourceIdentifier(SPIFFE)],
        "tutor",
        SPIFFE,
    ),
    "a DNS name before the common name": (
        [x509.RFC822Name("me@example.org"), x509.DNSName("svc.example.org")],
        "tutor",
        "svc.example.org",
    ),
    "a DNS name alone": ([x509.DNSName("svc.example.org")], None, "svc.example.org"),
    "a common name": ([x509.RFC822Name("me@example.org")], "tutor", "tutor"),
    "an address alone": ([x509.RFC822Name("me@example.org")], None, "me@example.org"),
    "another URI alone": (
        [x509.UniformResourceIdentifier("https://example.org/me")],
        None,
        "https://example.org/me",
    ),
}


def _issue(
    authority: trustme.CA, names: list[x509.GeneralName], common_name: str | None
) -> tuple[bytes, bytes]:
    """A client's key and certificate, in PEM form."""
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=not subject)
        .sign(signer, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, form, serialization.NoEncryption()),
        certificate.public_bytes(pem),
    )


async def test_the_best_name_is_the_callers(
    gateway: StartGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "llmrpc.access")
    authority = trustme.CA()
    server = authority.issue_cert("localhost")
    files = {name: tmp_path / f"{name}.pem" for name in ("certificate", "key", "client_ca")}
    server.cert_chain_pems[0].write_to_path(str(files["certificate"]))
    server.private_key_pem.write_to_path(str(files["key"]))
    authority.cert_pem.write_to_path(str(files["client_ca"]))
    tls = {name: str(path) for name, path in files.items()}
    running = await gateway(listen={"tls": tls})

    def callers() -> list[str]:
        lines = [vars(each)["fields"] for each in caplog.records if each.name == "llmrpc.access"]
        return [line.get("caller", "") for line in lines]

    for names, common_name, _ in NAMES.values():
        key, certificate = _issue(authority, names, common_name)
        credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), key, certificate)
        stub = as_async(LLMServiceStub(running.channel(credentials)))
        await stub.Generate(ask(model="echo"))
    await until(lambda: len(callers()) == len(NAMES))
    assert callers() == [wanted for _, _, wanted in NAMES.values()]
