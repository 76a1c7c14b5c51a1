"""Session descriptions and the offer/answer model: RFC 8866, RFC 3264."""
