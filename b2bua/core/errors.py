"""The root of every exception this package raises.

Three kinds, and only the first two are exceptions. The peer broke the protocol: a
subclass of :class:`ProtocolError`, caught once, at the edge of its layer. We misused our
own code: :class:`InvalidState`, never caught below the driver. The world said no (busy,
timeout, a limit): that is an event, not an exception.
"""


class B2buaError(Exception):
    """Anything this package raises on purpose."""


class ProtocolError(B2buaError):
    """The peer sent what the protocol does not allow."""


class InvalidState(B2buaError):
    """Our own code asked a machine for what its state does not allow."""
