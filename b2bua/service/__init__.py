"""The 400 service: what to do with a call, decided from values alone."""
