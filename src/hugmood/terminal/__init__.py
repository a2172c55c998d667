"""The terminal client: `hugmood client`."""
