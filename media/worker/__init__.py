"""The media process: control server, ports, engine threads."""
