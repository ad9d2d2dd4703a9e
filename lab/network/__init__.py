"""The networks of a lab: one underlay a site, a router a link, and a place outside of all of them."""
