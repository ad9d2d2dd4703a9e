from __future__ import annotations

import base64
import socket
import ssl
import threading
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from infra.load import load_fleet
from infra.planner import plan_fleet
from lab.cluster.certificates import KeyPair
from lab.cluster.pki import ClusterKeys, write_secret
from lab.plan import plan_lab

CLUSTERS = plan_lab(plan_fleet(load_fleet(Path("fleets/dev.yaml"))), depth="datapath").clusters


@pytest.fixture
def keys(tmp_path: Path) -> ClusterKeys:
    return ClusterKeys(CLUSTERS["aws-1"], tmp_path / "aws-1")


def pair(keys: ClusterKeys, name: str) -> KeyPair:
    return KeyPair(keys.path(f"{name}.crt").read_bytes(), keys.path(f"{name}.key").read_bytes())


def from_kubeconfig(text: str) -> KeyPair:
    user = yaml.safe_load(text)["users"][0]["user"]
    return KeyPair(*(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))


def handshake(tmp_path: Path, server: KeyPair, client: KeyPair, name: str, authority: bytes) -> str:
    """Let both sides prove themselves, as Kubernetes does; give the subject that the server saw."""

    def context(purpose: ssl.Purpose, own: KeyPair) -> ssl.SSLContext:
        made = ssl.create_default_context(purpose, cadata=authority.decode())
        file = tmp_path / f"{purpose.name}.pem"
        file.write_bytes(own.certificate + own.key)
        made.load_cert_chain(file)
        return made

    at_server = context(ssl.Purpose.CLIENT_AUTH, server)
    at_server.verify_mode = ssl.CERT_REQUIRED
    seen: list[str] = []

    def serve(end: socket.socket) -> None:
        try:
            with at_server.wrap_socket(end, server_side=True) as wrapped:
                certificate = x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True) or b"")
                seen.append(certificate.subject.rfc4514_string())
                wrapped.sendall(b"x")
        except ssl.SSLError:
            end.close()

    near, far = socket.socketpair()
    thread = threading.Thread(target=serve, args=(far,))
    thread.start()
    try:
        with context(ssl.Purpose.SERVER_AUTH, client).wrap_socket(near, server_hostname=name) as wrapped:
            # In TLS 1.3 a server refuses a client only after the client's handshake is over.
            if wrapped.recv(1) != b"x":
                raise ssl.SSLError("refused by the server")
    finally:
        near.close()
        thread.join()
    return seen[0]


@pytest.mark.parametrize(
    "name", ["10.16.0.16", "127.0.0.1", "localhost", "10.64.32.1", "kubernetes.default.svc.cluster.local", "::1"]
)
def test_the_api_server_is_trusted_by_each_of_its_names(keys: ClusterKeys, tmp_path: Path, name: str) -> None:
    assert CLUSTERS["aws-1"].api.exploded == "10.16.0.16"
    assert str(CLUSTERS["aws-1"].kubernetes_service) == "10.64.32.1"
    seen = handshake(tmp_path, pair(keys, "kube-apiserver"), pair(keys, "admin"), name, keys.authority)
    assert seen == "O=system:masters,CN=kubernetes-admin"


def test_the_api_server_is_not_trusted_by_another_name(keys: ClusterKeys, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(tmp_path, pair(keys, "kube-apiserver"), pair(keys, "admin"), "10.17.0.16", keys.authority)


def test_the_administrator_of_one_cluster_is_nobody_in_another(keys: ClusterKeys, tmp_path: Path) -> None:
    other = ClusterKeys(CLUSTERS["azure-1"], tmp_path / "azure-1")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(tmp_path, pair(keys, "kube-apiserver"), pair(other, "admin"), "10.16.0.16", keys.authority)


def test_a_server_certificate_makes_nobody_a_client(keys: ClusterKeys, tmp_path: Path) -> None:
    server = pair(keys, "kube-apiserver")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(tmp_path, server, server, "10.16.0.16", keys.authority)


def test_a_node_is_who_the_node_authorizer_wants_and_serves_at_its_address(keys: ClusterKeys, tmp_path: Path) -> None:
    node = CLUSTERS["aws-1"].nodes[0]
    made = keys.for_node(node)
    client = from_kubeconfig(made.kubeconfig)
    seen = handshake(tmp_path, pair(keys, "kube-apiserver"), client, "10.16.0.16", made.authority)
    assert seen == f"O=system:nodes,CN=system:node:{node.name}"
    called = handshake(tmp_path, made.serving, pair(keys, "kubelet-client"), str(node.address), keys.authority)
    assert "O=system:masters" in called


@pytest.mark.parametrize("program", ["kube-controller-manager", "kube-scheduler"])
def test_programs_are_the_users_that_kubernetes_has_roles_for(keys: ClusterKeys, program: str) -> None:
    text = keys.path(f"{program}.kubeconfig").read_text()
    subject = x509.load_pem_x509_certificate(from_kubeconfig(text).certificate).subject
    assert [part.value for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [f"system:{program}"]
    assert not subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert yaml.safe_load(text)["clusters"][0]["cluster"]["server"] == "https://10.16.0.16:443"


def test_only_the_owner_reads_keys_and_the_authoritys_own_is_written_nowhere(keys: ClusterKeys) -> None:
    folder = keys.path("ca.crt").parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert not keys.path("ca.key").exists()


def test_a_file_that_everybody_could_read_is_closed_before_a_key_goes_in(tmp_path: Path) -> None:
    old = tmp_path / "admin.key"
    old.write_text("a longer text than the key")
    old.chmod(0o644)
    assert write_secret(old, "key").read_text() == "key"
    assert old.stat().st_mode & 0o777 == 0o600


def test_secrets_are_encrypted_at_rest_under_a_key_of_their_own(keys: ClusterKeys, tmp_path: Path) -> None:
    other = ClusterKeys(CLUSTERS["aws-1"], tmp_path / "again")
    found = []
    for one in (keys, other):
        (rule,) = yaml.safe_load(one.path("encryption.json").read_text())["resources"]
        assert rule["resources"] == ["secrets"]
        (provider,) = rule["providers"]
        found.append(provider["secretbox"]["keys"][0]["secret"])
    assert found[0] != found[1]
    assert {len(base64.b64decode(key)) for key in found} == {32}
