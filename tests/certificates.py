"""Certificates of a test: an authority, and what it signs for servers and clients on 127.0.0.1."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test; writes what it signs into a folder."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> str:
        return written(self.folder / f"{self.name}.pem", self.certificate.public_bytes(serialization.Encoding.PEM))

    def signs(self, name: str, usage: x509.ObjectIdentifier) -> tuple[str, str]:
        """The files of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
        made = a_certificate(name, key, self.certificate.subject).add_extension(names, False)
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), False)
        pem = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return written(self.folder / f"{name}.pem", pem), written(self.folder / f"{name}.key", private)


def both(files: tuple[str, str]) -> tuple[bytes, bytes]:
    """What stands in the files of a certificate and its key."""
    return Path(files[0]).read_bytes(), Path(files[1]).read_bytes()


def written(file: Path, data: bytes) -> str:
    file.write_bytes(data)
    return str(file)


def a_certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name | None = None) -> x509.CertificateBuilder:
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
    return made.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)


def authority(folder: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    made = a_certificate(name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    return Authority(folder, name, key, made.sign(key, hashes.SHA256()))
