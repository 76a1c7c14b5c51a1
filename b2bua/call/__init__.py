"""Call control that knows no SIP message and no 400 number: legs, hunt, bridge."""
