"""The link between clouds for real: IKEv2 daemons, ESP and BGP speakers from the planned tunnels."""
