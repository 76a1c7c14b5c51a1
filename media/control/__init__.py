"""The protocol between call control and media processes."""
