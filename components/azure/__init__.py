"""Azure: a site's network, keys and VPN gateway, and AKS clusters on it."""
