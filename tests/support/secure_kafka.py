"""An Apache Kafka with TLS, SCRAM and ACLs beside a plain listener on which everybody is an administrator."""

import subprocess
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.support.absent import absent
from tests.support.brokers import Cluster, Unavailable, free_ports

_DAYS: Final = "2"


class SecureCluster(Cluster):
    """One node. `bootstrap` is plain and all-powerful, `secure` wants TLS and a user's password.

    certificates : folder with ca.crt, by which clients know the broker
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(nodes=1)
        if self._launch == self._run_container:
            raise Unavailable("TLS is tested with Java and Maven only")
        self.certificates = folder
        (self._secure_port,) = free_ports(1)
        _make_certificates(folder)

    @property
    def secure(self) -> str:
        """Address of the SASL_SSL listener."""
        return f"127.0.0.1:{self._secure_port}"

    def add_user(self, name: str, password: str) -> None:
        """A user with a SCRAM-SHA-512 password; may do nothing until allowed."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(name, info, password.encode())
        admin = self._admin()  # let go of only after the answer
        admin.alter_user_scram_credentials([change])[name].result(timeout=30)

    def allow(
        self, user: str, operation: AclOperation, kind: ResourceType, name: str, *, prefixed: bool = False
    ) -> None:
        """One ACL for that user."""
        pattern = ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL
        allowed = AclPermissionType.ALLOW
        binding = AclBinding(kind, name, pattern, f"User:{user}", "*", operation, allowed)
        admin = self._admin()
        admin.create_acls([binding])[binding].result(timeout=30)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def _properties(self, node: int) -> dict[str, str]:
        plain = super()._properties(node)
        address = f"SASL_SSL://{self.secure}"
        return plain | {
            "listeners": f"{plain['listeners']},{address}",
            "advertised.listeners": f"{plain['advertised.listeners']},{address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificates / "broker.pem"),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


def _make_certificates(folder: Path) -> None:
    """A certificate authority of two days, and a broker's key with its certificate for 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    _openssl(
        folder,
        "req",
        "-x509",
        *key,
        "-subj",
        "/CN=test-ca",
        "-days",
        _DAYS,
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    )
    _openssl(folder, "req", *key, "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr")
    (folder / "names.cnf").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", _DAYS, "-extfile", "names.cnf"]
    _openssl(folder, "x509", "-req", "-in", "broker.csr", *signed, "-out", "broker.crt")
    parts = ("broker.key", "broker.crt", "ca.crt")
    (folder / "broker.pem").write_text("".join((folder / part).read_text() for part in parts))


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def started(folder: Path) -> SecureCluster:
    """A running one; without Apache Kafka the test skips, under CI=true it fails."""
    try:
        cluster = SecureCluster(folder)
        cluster.start()
    except (Unavailable, FileNotFoundError) as missing:
        absent(f"no Apache Kafka with TLS: {missing}")
    return cluster
