"""The transport on real sockets: whom it believes."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.http.transport import AiohttpTransport
from tests.adapters.http.ways import Way, failure, says_nothing
from tests.adapters.raw_server import json_answer, serving


def _certificate(
    name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued_by, signing = issuer or (subject, key)
    now = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issued_by).public_key(key.public_key())
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(now - hour).not_valid_after(now + hour)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    builder = builder.add_extension(authority, critical=False)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256())


def _tls(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context for the host, and the file of the authority that vouches for it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", None, authority_key)
    certificate = _certificate(host, (authority.subject, authority_key), key)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(authority.public_bytes(pem))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, folder / "ca.pem"


async def test_a_server_is_verified_with_an_authority_of_ones_own(client: Way, tmp_path: Path) -> None:
    """The certificate must be signed by it, and for this host."""
    context, authority = _tls(tmp_path, "localhost")
    own = AiohttpTransport(tls=ssl.create_default_context(cafile=authority))
    async with serving(json_answer(), tls=context) as server, client(own) as http:
        assert (await http.get(server.url)).content == b"[]"
    assert server.scheme == "https"


async def test_a_certificate_of_an_unknown_authority_is_a_connect_error(client: Way, tmp_path: Path) -> None:
    """Verification is on by default."""
    context, _ = _tls(tmp_path, "localhost")
    async with serving(json_answer(), tls=context) as server, client() as http:
        error = await failure(http, server.url)
    assert type(error) is httpx.ConnectError
    assert says_nothing(error)
    assert server.requests == []


async def test_a_certificate_for_another_host_is_a_connect_error(client: Way, tmp_path: Path) -> None:
    """A known authority is not enough."""
    context, authority = _tls(tmp_path, "other.example")
    own = AiohttpTransport(tls=ssl.create_default_context(cafile=authority))
    async with serving(json_answer(), tls=context) as server, client(own) as http:
        assert type(await failure(http, server.url)) is httpx.ConnectError
    assert server.requests == []


def test_a_context_that_does_not_verify_is_refused() -> None:
    """Trusting everybody cannot be configured."""
    for verify, check in ((ssl.CERT_NONE, False), (ssl.CERT_REQUIRED, False)):
        context = ssl.create_default_context()
        context.check_hostname = check
        context.verify_mode = verify
        with pytest.raises(ValueError, match="cafile="):
            AiohttpTransport(tls=context)
