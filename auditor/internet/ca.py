"""The certificate authority of one run: made at its beginning, kept in memory only.

Not the trust store of the box: the sandbox mounts `certificate_pem` where programs look for roots.
Light to import, because it lies on the way to the app's start: `cryptography` is loaded when used.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

# A name like that of any root: a program must not be able to tell by it that it is watched.
ORGANISATION = "Trust Services Europe"
COMMON_NAME = "TSE Root CA R4"
BACKDATED = dt.timedelta(days=3)
CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=90)
MAX_COMMON_NAME = 64
"""Characters (RFC 5280, ub-common-name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """A root with the one key that all its server certificates share."""

    certificate_pem: bytes
    """The root, for trust stores."""
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    leaf_key: ec.EllipticCurvePrivateKey
    """Made once: a key for each host would cost more than the signature."""

    @property
    def subject(self) -> list[tuple[str, str]]:
        """(dotted OID, value) of each part of the root's name, in order."""
        return [(part.oid.dotted_string, str(part.value)) for part in self.certificate.subject]

    def issue(self, host: str) -> x509.Certificate:
        """A server certificate for a name or an IP address.

        Raises:
            ValueError: the name cannot stand in a certificate.
        """
        from cryptography import x509  # noqa: PLC0415 - see the module's docstring

        public = self.leaf_key.public_key()
        root = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root)
        usage = _key_usage(signs_certificates=False)
        server = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
        common = host if len(host) < MAX_COMMON_NAME else ""
        builder = (
            _builder(_name(common, ""), self.certificate.subject, public, LEAF_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=not common)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(identifier, critical=False)
            .add_extension(usage, critical=True)
            .add_extension(server, critical=False)
        )
        return _signed(builder, self.key)


def make_ca() -> CertificateAuthority:
    """A new authority with fresh P-256 keys (milliseconds, where RSA takes tenths of a second)."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(COMMON_NAME, ORGANISATION)
    builder = (
        _builder(name, name, key.public_key(), CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    certificate = _signed(builder, key)
    return CertificateAuthority(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
        certificate=certificate,
        key=key,
        leaf_key=ec.generate_private_key(ec.SECP256R1()),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, lifetime: dt.timedelta
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415

    begin = dt.datetime.now(dt.UTC).replace(microsecond=0) - BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    return builder.sign(key, hashes.SHA256())


def _name(common: str, organisation: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415

    parts = ((x509.NameOID.ORGANIZATION_NAME, organisation), (x509.NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
