"""The whole SIP stack as one object: bytes and now in; bytes, events, a deadline out."""
