"""What all clusters of the mesh have to agree on."""
