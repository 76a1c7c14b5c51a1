r"""The productions of RFC 3261 §25.1 that we check, as compiled patterns.

Each stands under its rule. All are linear in their input: none can match the same text in
two ways, so no input makes a match slow.
"""

import re
from typing import Final

#   token       =  1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")

#   gen-value   =  token / host / quoted-string       (here: what needs no quotes)
UNQUOTED_VALUE: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~\[\]:/@]+")

#   quoted-string  =  SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
QUOTED_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)

#   quoted-pair  =  "\" (%x00-09 / %x0B-0C / %x0E-7F)
QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)

#   What separates the values of a list, or parameters, and what it may hide in: a quoted
#   string or a URI in brackets, either of which runs to the end if it is not closed.
_HIDING: Final = r'"(?:[^"\\]|\\.?)*+"?|<[^>]*+>?'
SEPARATED: Final = {
    separator: re.compile(f"{_HIDING}|({separator})", re.DOTALL) for separator in ",;"
}

#   sent-protocol  =  protocol-name SLASH protocol-version SLASH transport
#   via-parm       =  sent-protocol LWS sent-by *( SEMI via-params )
VIA_PROTOCOL: Final = re.compile(
    r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+", re.IGNORECASE
)

#   via-branch  =  "branch" EQUAL token               (here: wherever it stands)
BRANCH: Final = re.compile(r";[ \t]*branch=([A-Za-z0-9\-.!%*_+`'~]{1,256})(?=[;, \t]|$)")

#   hostname / IPv4address (labels are not counted: the resolver judges names)
HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._\-]{0,253}[A-Za-z0-9.])?")

#   IPv6reference  =  "[" IPv6address "]"             (here: what is in the brackets)
IPV6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")

#   user  =  1*( unreserved / escaped / user-unreserved )
#   user-unreserved  =  "&" / "=" / "+" / "$" / "," / ";" / "?" / "/"
USER_ESCAPED: Final = re.compile(r"[^A-Za-z0-9\-_.!~*'()&=+$,;?/]")

#   paramchar  =  param-unreserved / unreserved / escaped
#   param-unreserved  =  "[" / "]" / "/" / ":" / "&" / "+" / "$"
PARAMETER_ESCAPED: Final = re.compile(r"[^A-Za-z0-9\-_.!~*'()\[\]/:&+$]")

#   escaped  =  "%" HEXDIG HEXDIG                     (here: a percent sign that is not one)
BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")

#   CTL, as no text of ours may hold after unescaping
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

#   scheme  =  ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
