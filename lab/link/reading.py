"""Reads both ends of every planned tunnel out of planned resources."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from lab.link import words
from lab.link.ends import AwsEnd, AwsGateway, AzureEnd, AzureGateway, Ends
from lab.link.planned import UNKNOWN, Plan, Planned, stand_in

if TYPE_CHECKING:
    from lab.link.words import Offer


class Reader:
    """Reads ends out of planned resources."""

    def __init__(self, resources: tuple[Planned, ...]) -> None:
        self._plan = Plan(resources)
        self._assumed: list[str] = []

    def read(self) -> Ends:
        """Read all of them.

        Raises
        ------
        LabError
            If an algorithm is one that the cloud does not have.
        """
        aws = tuple(end for vpn in self._plan.of("VpnConnection") for end in self._aws_ends(vpn))
        azure = tuple(map(self._azure_end, self._plan.of("VirtualNetworkGatewayConnection")))
        return Ends(aws=aws, azure=azure, assumed=tuple(dict.fromkeys(self._assumed)))

    def _aws_ends(self, vpn: Planned) -> tuple[AwsEnd, ...]:
        customer = self._plan.target(vpn, "customerGatewayId", "CustomerGateway")
        gateway = self._aws_gateway(vpn)
        return tuple(self._aws_end(vpn, customer, gateway, number) for number in (1, 2))

    def _aws_end(self, vpn: Planned, customer: Planned | None, gateway: AwsGateway, number: int) -> AwsEnd:
        def option(name: str) -> str:
            return f"tunnel{number}{name}"

        def several(name: str) -> list[str]:
            return list(vpn.get(option(name)) or [])

        def offer(phase: int) -> Offer:
            return words.aws_offer(
                several(f"Phase{phase}EncryptionAlgorithms"),
                several(f"Phase{phase}IntegrityAlgorithms"),
                list(map(int, several(f"Phase{phase}DhGroupNumbers"))),
                phase=phase,
            )

        return AwsEnd(
            vpn=vpn,
            customer=customer,
            number=number,
            gateway=gateway,
            outside=_tunnel_address(vpn, number),
            peer=self._public(customer, "ipAddress") if customer else "",
            peer_asn=int((customer and (customer.get("bgpAsn") or customer.get("bgpAsnExtended"))) or 0),
            inside=IPv4Network(vpn.get(option("InsideCidr")) or "169.254.6.0/30", strict=False),
            ike=offer(1),
            esp=offer(2),
            versions=tuple(words.AWS_VERSIONS[each] for each in several("IkeVersions") or words.AWS_VERSIONS),
            starts=vpn.get(option("StartupAction")) == "start",
            dpd_timeout=int(vpn.get(option("DpdTimeoutSeconds")) or 40),
            dpd_action=str(vpn.get(option("DpdTimeoutAction")) or "clear"),
            bgp=not vpn.get("staticRoutesOnly"),
            key=vpn.fingerprint(option("PresharedKey")),
        )

    def _aws_gateway(self, vpn: Planned) -> AwsGateway:
        plan = self._plan
        transit = vpn.raw("transitGatewayId") is not None
        found = plan.target(
            vpn, "transitGatewayId" if transit else "vpnGatewayId", "TransitGateway" if transit else "VpnGateway"
        )
        if found is None:
            return AwsGateway(urn="", name="", asn=64512, transit=transit, ecmp=False, prefixes=(), routed=())
        attachments = plan.of("VpcAttachment" if transit else "VpnGatewayAttachment")
        link = "transitGatewayId" if transit else "vpnGatewayId"
        vpcs = [plan.target(one, "vpcId", "Vpc") for one in attachments if plan.target(one, link, found.noun) == found]
        routed: tuple[str, ...] | None
        if transit:
            routes = [one for one in plan.of("Route") if plan.target(one, link, found.noun) == found]
            routed = tuple(dict.fromkeys(str(one.get("destinationCidrBlock")) for one in routes))
        else:
            spread = [
                one for one in plan.of("VpnGatewayRoutePropagation") if plan.target(one, link, found.noun) == found
            ]
            routed = None if spread else ()
        return AwsGateway(
            urn=found.urn,
            name=found.name,
            asn=int(found.get("amazonSideAsn") or 64512),
            transit=transit,
            ecmp=transit and found.get("vpnEcmpSupport") != "disable",
            prefixes=tuple(str(vpc.get("cidrBlock")) for vpc in vpcs if vpc),
            routed=routed,
        )

    def _azure_end(self, connection: Planned) -> AzureEnd:
        plan = self._plan
        gateway = plan.target(connection, "virtualNetworkGateway1.id", "VirtualNetworkGateway")
        local = plan.target(connection, "localNetworkGateway2.id", "LocalNetworkGateway")
        read = self._azure_gateway(gateway or Planned(urn="", type="", name=""))
        policy = connection.get("ipsecPolicies[0]")
        ike, esp = words.AZURE_DEFAULT_IKE, words.AZURE_DEFAULT_ESP
        if policy:
            ike = words.azure_ike_offer(policy["ikeEncryption"], policy["ikeIntegrity"], policy["dhGroup"])
            esp = words.azure_esp_offer(policy["ipsecEncryption"], policy["ipsecIntegrity"], policy["pfsGroup"])
        narrow = None
        if connection.get("usePolicyBasedTrafficSelectors"):
            narrow = tuple((local and local.get("localNetworkAddressSpace.addressPrefixes")) or ())
        return AzureEnd(
            connection=connection,
            local=local,
            gateway=read,
            peer=self._aws_address(local) if local else "",
            peer_bgp=str((local and local.get("bgpSettings.bgpPeeringAddress")) or ""),
            peer_asn=int((local and local.get("bgpSettings.asn")) or 0),
            custom=self._custom(connection, gateway),
            ike=ike,
            esp=esp,
            version=words.AZURE_VERSIONS[str(connection.get("connectionProtocol") or "IKEv2")],
            dpd_timeout=int(connection.get("dpdTimeoutSeconds") or 45),
            bgp=bool(connection.get("enableBgp")),
            narrow=narrow,
            key=connection.fingerprint("sharedKey"),
        )

    def _azure_gateway(self, gateway: Planned) -> AzureGateway:
        plan = self._plan
        configurations = list(gateway.get("ipConfigurations") or ())
        if not gateway.get("activeActive"):
            configurations = configurations[:1]
        # A preview does not say which address is whose; in the order of their names then.
        addresses = plan.referred(gateway, "ipConfigurations", "PublicIPAddress")
        public: list[str] = []
        for index, _ in enumerate(configurations):
            path = f"ipConfigurations[{index}].publicIPAddress.id"
            own = plan.target(gateway, path, "PublicIPAddress")
            if gateway.raw(path) == UNKNOWN and index < len(addresses):
                own = addresses[index]
                self._assumed.append(f"{gateway.name} ipConfigurations[{index}].publicIPAddress is {own.name}")
            public.append(_ip(own) if own else "")
        custom = tuple(self._listed(gateway, index, str(one.get("name"))) for index, one in enumerate(configurations))
        return AzureGateway(
            planned=gateway,
            asn=int(gateway.get("bgpSettings.asn") or 65515),
            bgp=bool(gateway.get("enableBgp")),
            addresses=tuple(public),
            custom=custom,
            prefixes=self._vnet(gateway),
        )

    def _listed(self, gateway: Planned, index: int, name: str) -> tuple[str, ...]:
        """Give the custom BGP addresses of an IP configuration: by its id, and by its place where that is not known."""
        for place, one in enumerate(gateway.get("bgpSettings.bgpPeeringAddresses") or ()):
            where = str(one.get("ipconfigurationId", ""))
            if where == UNKNOWN and place == index:
                self._assumed.append(f"{gateway.name} bgpSettings.bgpPeeringAddresses[{place}] is of {name}")
            if (place == index) if where == UNKNOWN else where.rpartition("/")[2] == name:
                return tuple(one.get("customBgpIpAddresses") or ())
        return ()

    def _vnet(self, gateway: Planned) -> tuple[str, ...]:
        subnet = str(gateway.get("ipConfigurations[0].subnet.id") or "")
        subnets = self._plan.referred(gateway, "ipConfigurations", "Subnet")
        for one in self._plan.of("VirtualNetwork"):
            known = one.id and subnet.lower().startswith(f"{one.id.lower()}/")
            if known or any(self._plan.target(each, "virtualNetworkName", "VirtualNetwork") == one for each in subnets):
                return tuple(one.get("addressSpace.addressPrefixes") or ())
        return ()

    def _custom(self, connection: Planned, gateway: Planned | None) -> tuple[str, ...]:
        names = [str(one.get("name")) for one in (gateway and gateway.get("ipConfigurations")) or ()]
        found = [""] * len(names)
        for index, one in enumerate(connection.get("gatewayCustomBgpIpAddresses") or ()):
            where = str(one.get("ipConfigurationId", ""))
            name = where.rpartition("/")[2]
            if where == UNKNOWN and index < len(names):
                name = names[index]
                self._assumed.append(f"{connection.name} gatewayCustomBgpIpAddresses[{index}] is of {name}")
            if name in names:
                found[names.index(name)] = str(one.get("customBgpIpAddress") or "")
        return tuple(found)

    def _public(self, resource: Planned, path: str) -> str:
        value = resource.get(path)
        if value:
            return str(value)
        found = self._plan.referred(resource, path, "PublicIPAddress")
        return _ip(found[0]) if found else ""

    def _aws_address(self, local: Planned) -> str:
        """Give the address of the tunnel that a local network gateway describes."""
        value = local.get("gatewayIpAddress")
        if value:
            return str(value)
        found = self._plan.referred(local, "gatewayIpAddress", "VpnConnection")
        if not found:
            return ""
        # Which of the two tunnels only the update tells: the one whose inside it names, then.
        number = next((n for n in (1, 2) if _first(found[0], n) == local.get("bgpSettings.bgpPeeringAddress")), 1)
        self._assumed.append(f"{local.name} gatewayIpAddress is that of {found[0].name} tunnel {number}")
        return _tunnel_address(found[0], number)


def read_ends(resources: tuple[Planned, ...]) -> Ends:
    """Read the ends of all planned tunnels.

    Raises
    ------
    LabError
        If an algorithm is one that the cloud does not have.
    """
    return Reader(resources).read()


def _ip(address: Planned) -> str:
    return address.output("ipAddress") or stand_in(address.urn)


def _tunnel_address(vpn: Planned, number: int) -> str:
    return vpn.output(f"tunnel{number}Address") or stand_in(vpn.urn, str(number))


def _first(vpn: Planned, number: int) -> str:
    inside = vpn.get(f"tunnel{number}InsideCidr")
    return str(IPv4Network(inside, strict=False)[1]) if inside else ""
