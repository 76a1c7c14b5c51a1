"""A standalone SIP back-to-back user agent that serves Chinese 400 numbers."""
