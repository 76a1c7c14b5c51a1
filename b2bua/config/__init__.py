"""One file to one tree of frozen settings, checked before anything starts."""
