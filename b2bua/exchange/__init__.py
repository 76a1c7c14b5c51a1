"""The whole program as one pure machine: every call now in progress."""
