from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from simulator.kind import Refused
from tests.simulator.kubernetes_manifests import changed, service
from tests.simulator.kubernetes_names import AKS_HOST, SERVICE, VNET
from tests.simulator.kubernetes_world import Kube, kubeconfig

if TYPE_CHECKING:
    from pathlib import Path

AZURE = "service.beta.kubernetes.io/azure-load-balancer-"


@pytest.fixture
def eks(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.eks()
    made.namespace("hms-api")
    return made


@pytest.fixture
def aks(tmp_path: Path) -> Kube:
    made = Kube(tmp_path)
    made.aks()
    made.namespace("hms-api")
    return made


def named(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    return changed(inputs, "metadata/name", name)


def internal(address: str | None = None, subnet: str | None = "mesh", **spec: object) -> dict[str, Any]:
    annotations = {f"{AZURE}internal": "true"}
    if subnet:
        annotations[f"{AZURE}internal-subnet"] = subnet
    if address:
        annotations[f"{AZURE}ipv4"] = address
    return changed(service(type="LoadBalancer", **spec), "metadata/annotations", annotations)


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"type": "Headless"}, "spec.type"),
        ({"ports": []}, "spec.ports"),
        ({"ports": [{"port": 80}, {"port": 81}]}, "spec.ports[0].name"),
        ({"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]}, "spec.ports[1].name"),
        ({"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]}, "spec.ports[1]"),
        ({"ports": [{"name": "A", "port": 80}]}, "spec.ports[0].name"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port"),
        ({"ports": [{"port": 80, "targetPort": 70000}]}, "spec.ports[0].targetPort"),
        ({"ports": [{"port": 80, "targetPort": "a_b"}]}, "spec.ports[0].targetPort"),
        ({"ports": [{"port": 80, "protocol": "ICMP"}]}, "spec.ports[0].protocol"),
        ({"ports": [{"port": 80, "nodePort": 30080}]}, "spec.ports[0].nodePort"),
        ({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}, "spec.ports[0].nodePort"),
        ({"externalTrafficPolicy": "Local"}, "spec.externalTrafficPolicy"),
        ({"sessionAffinity": "Cookie"}, "spec.sessionAffinity"),
        ({"type": "NodePort", "clusterIP": "None"}, "spec.clusterIPs[0]"),
        ({"type": "ExternalName"}, "spec.externalName"),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, "spec.loadBalancerSourceRanges"),
        ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/33"]}, "spec.loadBalancerSourceRanges[0]"),
    ],
)
def test_what_the_api_server_refuses_in_a_service(eks: Kube, spec: dict[str, Any], where: str) -> None:
    assert eks.refusals(SERVICE, service()) == {}
    assert eks.refusals(SERVICE, service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0/8"])) == {}
    assert where in eks.refusals(SERVICE, service(**spec))


def test_a_service_gets_an_address_of_the_service_range(eks: Kube) -> None:
    made = [eks.create(SERVICE, named(service(), f"s{index}")) for index in range(20)]
    addresses = {one.outputs["spec"]["clusterIP"] for one in made}
    assert len(addresses) == 20
    assert all(IPv4Address(address) in IPv4Network("172.16.0.0/20") for address in addresses)
    assert not addresses & {"172.16.0.0", "172.16.0.1", "172.16.0.10", "172.16.15.255"}
    same = eks.update(made[0], named(service(sessionAffinity="ClientIP"), "s0"))
    assert same.outputs["spec"]["clusterIP"] == made[0].outputs["spec"]["clusterIP"]
    record = eks.read(same)
    assert record is not None
    assert record.outputs["spec"] == same.outputs["spec"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("10.0.0.1", "not in the valid range. The range of valid IPs is 172.16.0.0/20"),
        ("somewhere", "not in the valid range"),
        ("172.16.0.1", "already allocated"),
        ("172.16.0.77", "already allocated"),
    ],
)
def test_an_address_that_is_asked_for_must_be_free_and_in_the_range(eks: Kube, address: str, message: str) -> None:
    eks.create(SERVICE, named(service(clusterIP="172.16.0.77"), "first"))
    with pytest.raises(Refused, match=message):
        eks.create(SERVICE, service(clusterIP=address))


def test_headless_services_have_no_address(eks: Kube) -> None:
    for name in ("one", "two"):
        made = eks.create(SERVICE, named(service(clusterIP="None"), name))
        assert made.outputs["spec"]["clusterIP"] == "None"


def test_a_name_outside_has_no_address(eks: Kube) -> None:
    made = eks.create(SERVICE, service(type="ExternalName", externalName="example.com"))
    assert "clusterIP" not in made.outputs["spec"]


def test_node_ports_are_unique_in_a_cluster(eks: Kube) -> None:
    fixed = service(type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30080}])
    made = eks.create(SERVICE, fixed)
    with pytest.raises(Refused, match=r"nodePort: Invalid value: 30080: provided port is already allocated"):
        eks.create(SERVICE, named(fixed, "second"))
    eks.update(made, changed(fixed, "spec/sessionAffinity", "ClientIP"))
    given = eks.create(SERVICE, named(service(type="NodePort"), "third")).outputs["spec"]["ports"][0]["nodePort"]
    assert 30000 <= given <= 32767
    assert given != 30080


def test_a_load_balancer_on_eks_has_a_name(eks: Kube) -> None:
    made = eks.create(SERVICE, service(type="LoadBalancer"))
    (ingress,) = made.outputs["status"]["loadBalancer"]["ingress"]
    assert ingress["hostname"].endswith(".us-east-1.elb.amazonaws.com")


def test_a_load_balancer_on_aks_has_an_address(aks: Kube) -> None:
    made = aks.create(SERVICE, service(type="LoadBalancer"))
    (ingress,) = made.outputs["status"]["loadBalancer"]["ingress"]
    assert IPv4Address(ingress["ip"]).is_global


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (internal("10.17.32.10"), "10.17.32.10"),
        (internal(None, loadBalancerIP="10.17.32.11"), "10.17.32.11"),
        (internal("10.17.0.200", subnet=None), "10.17.0.200"),
        (internal(None), "10.17.32.254"),
    ],
)
def test_an_internal_load_balancer_stands_in_its_subnet(aks: Kube, inputs: dict[str, Any], expected: str) -> None:
    made = aks.create(SERVICE, inputs)
    assert made.reasons == ()
    assert made.outputs["status"]["loadBalancer"]["ingress"] == [{"ip": expected}]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (internal("10.17.0.200"), "PrivateIPAddressNotInSubnet"),
        (internal(None, loadBalancerIP="10.17.99.1"), "PrivateIPAddressNotInSubnet"),
        (internal("10.17.32.3"), "PrivateIPAddressInReservedRange"),
        (internal("10.17.32.255"), "PrivateIPAddressInReservedRange"),
        (internal("10.17.32.10"), "PrivateIPAddressIsAllocated"),
        (internal("10.17.32.10", subnet="nowhere"), "failed to get subnet"),
        (internal("mesh"), "invalid loadBalancerIP"),
        (
            changed(service(type="LoadBalancer"), "metadata/annotations", {f"{AZURE}ipv4": "10.17.32.12"}),
            "no public IP",
        ),
    ],
)
def test_an_address_that_does_not_fit_leaves_the_service_without(aks: Kube, inputs: dict[str, Any], code: str) -> None:
    aks.create(SERVICE, named(internal("10.17.32.10"), "first"))
    made = aks.create(SERVICE, inputs)
    assert "Service was not allocated an IP address" in made.reasons[1]
    assert code in made.reasons[2]
    assert made.outputs["status"] == {"loadBalancer": {}}


def test_the_clusters_identity_must_be_let_into_the_subnet(aks: Kube) -> None:
    for grant in aks.world.find("azure-native:authorization:RoleAssignment"):
        if grant.outputs["scope"].endswith("/mesh"):
            aks.remove(grant)
    made = aks.create(SERVICE, internal("10.17.32.10"))
    assert "AuthorizationFailed" in made.reasons[2]
    aks.grant(f"{VNET}/subnets/mesh", role="acdd72a7-3385-48ef-bd42-f606fba81ae7")  # Reader
    assert aks.update(made, internal("10.17.32.10")).reasons
    aks.grant(VNET)
    assert aks.update(made, internal("10.17.32.10")).reasons == ()


def test_clusters_of_one_vnet_share_its_addresses_and_others_do_not(aks: Kube) -> None:
    aks.create(SERVICE, internal("10.17.32.10"))
    cluster = aks.world.find("azure-native:containerservice:ManagedCluster")[0]
    twin = {**cluster.outputs, "fqdn": f"twin.{AKS_HOST}"}
    aks.put(cluster.token, "hms", f"{cluster.id}-twin", **twin)
    aks.config = {"kubeconfig": kubeconfig(f"twin.{AKS_HOST}", user={"exec": {"command": "kubelogin"}})}
    aks.namespace("hms-api")
    assert "PrivateIPAddressIsAllocated" in aks.create(SERVICE, internal("10.17.32.10"), name="twin").reasons[2]
    far = "/subscriptions/x/resourceGroups/far/providers/Microsoft.Network/virtualNetworks/far/subnets"
    profiles = [{"name": "system", "count": 1, "vnetSubnetID": f"{far}/nodes"}]
    aks.put(
        cluster.token, "hms", f"{cluster.id}-far", **{**twin, "fqdn": f"far.{AKS_HOST}", "agentPoolProfiles": profiles}
    )
    aks.put("azure-native:network:Subnet", "far", f"{far}/mesh", addressPrefix="10.17.32.0/24")
    aks.grant(far.removesuffix("/subnets"))
    aks.config = {"kubeconfig": kubeconfig(f"far.{AKS_HOST}", user={"exec": {"command": "kubelogin"}})}
    aks.namespace("hms-api")
    assert aks.create(SERVICE, internal("10.17.32.10"), name="far").reasons == ()
