"""SIP messages as values: RFC 3261 §§7, 19, 20 and 25."""
