"""What can be broken in a lab on request, and how each is mended."""
