"""Links between sites: encrypted tunnels between clouds, peering inside one."""
