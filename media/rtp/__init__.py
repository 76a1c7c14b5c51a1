"""RTP and RTCP packets and sequences: RFC 3550."""
