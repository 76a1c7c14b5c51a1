"""The numbers that the wire's node serves, and the addresses of those who call it.

Each test has a line of its own: callers and destinations at addresses that no other test
uses, and four 400 numbers that lead to them.
"""

from dataclasses import dataclass
from typing import Final

HOST: Final = "127.40.0.1"
PATIENT: Final = "127.40.0.2"
"""Another node with the same numbers, for calls that take their time."""
STRANGER: Final = "127.40.9.1"
MEDIA: Final = "21000-21399"
SOFTPHONE: Final = 5086
"""Port of 127.0.0.1: softphones know no other address of the loopback."""
PROXY: Final = "127.40.1.200"
"""In the network of the callers' trunk, and what the trunk ``proxied`` leads to."""
BEYOND: Final = "127.40.5.1"
"""Whom that proxy calls for us."""
PROXIED: Final = "4008400005"
"""Rings whoever is beyond the proxy."""
CLOSED: Final = "closed"
UNRESOLVED: Final = "unresolved"


@dataclass(frozen=True, slots=True)
class Line:
    """What one test may use."""

    index: int

    @property
    def caller(self) -> str:
        """The number of whoever calls."""
        return f"0208888{self.index:04}"

    @property
    def address(self) -> str:
        """Where the caller is."""
        return f"127.40.1.{self.index}"

    @property
    def first(self) -> str:
        """Where the first destination is."""
        return f"127.40.2.{self.index}"

    @property
    def second(self) -> str:
        """Where the second destination is."""
        return f"127.40.3.{self.index}"

    @property
    def direct(self) -> str:
        """Rings the first destination, and nobody else."""
        return f"40080000{self.index:02}"

    @property
    def forwarded(self) -> str:
        """Rings the first destination, then the second."""
        return f"40081000{self.index:02}"

    @property
    def greeted(self) -> str:
        """Greets while the first destination rings."""
        return f"40082000{self.index:02}"

    @property
    def menu(self) -> str:
        """Asks: 1 is the first destination, 2 the second."""
        return f"40083000{self.index:02}"


_COUNT: Final = 90
_ALL: Final = tuple(Line(index) for index in range(1, _COUNT + 1))
LINES: Final = iter(_ALL)
"""Those that nobody has taken yet."""


def settings(host: str) -> str:
    """Trunks for every line, one for softphones, and two that lead nowhere."""
    parts = [
        f'[sip]\nlisten = ["udp:{host}:5060", "tcp:{host}:5060", "ws:{host}:8080"]\n'
        f'[media]\nports = "{MEDIA}"\nthreads = 1\nsilence_after = 50\n'
        '[web]\nlisten = ""\n'
        '[[trunk]]\nname = "callers"\nfrom = ["127.40.1.0/24"]\ntrusted = true\n'
        f'[[trunk]]\nname = "softphone"\nfrom = ["127.0.0.1"]\n'
        f'to = "sip:127.0.0.1:{SOFTPHONE}"\ntrusted = true\n'
        f'[[trunk]]\nname = "proxied"\nto = "sip:{PROXY}:5060"\n[trunk.health]\nprobe = 0\n'
        f'[[trunk]]\nname = "{CLOSED}"\nto = "sip:127.40.4.1:5060"\n'
        f'[[trunk]]\nname = "{UNRESOLVED}"\nto = "sip:nobody.invalid"\n'
    ]
    for line in _ALL:
        parts += [
            f'[[trunk]]\nname = "first{line.index}"\nto = "sip:{line.first}:5060"\n'
            f'[[trunk]]\nname = "second{line.index}"\nto = "sip:{line.second}:5060"\n'
        ]
    return "".join(parts)


def plans() -> str:
    """The plans of every line, and those of the trunks that lead nowhere."""
    texts = [_direct("4008400001", CLOSED), _direct("4008400002", UNRESOLVED)]
    texts += [BLACKLIST, SOFTPHONES, _direct(PROXIED, "proxied")]
    for line in _ALL:
        both = (
            "destinations:\n"
            f"  first: {{number: '02088886001', trunk: first{line.index}, ring: 10}}\n"
            f"  second: {{number: '02088886002', trunk: second{line.index}, ring: 10}}\n"
        )
        texts += [
            _direct(line.direct, f"first{line.index}"),
            f"number: '{line.forwarded}'\nannouncements: none\n{both}"
            "forwarding: {busy: [second], no_answer: [second], max_forwards: 1}\n"
            "routes: [{name: all, to: first}]\n",
            f"number: '{line.greeted}'\nannouncements: none\ngreeting: welcome\n{both}"
            "routes: [{name: all, to: first}]\n",
            f"number: '{line.menu}'\nannouncements: none\n{both}"
            "menus: {main: {prompt: menu, timeout: 5, retries: 2,"
            " keys: {'1': first, '2': second}, otherwise: first}}\n"
            "routes: [{name: all, to: {menu: main}}]\n",
        ]
    return "---\n".join(texts)


BLACKLIST: Final = """\
number: '4008400003'
destinations: {only: {number: '02088886001', trunk: closed}}
screening: {blacklist: ['13800138000']}
routes: [{name: all, to: only}]
"""


SOFTPHONES: Final = """\
number: '4008400004'
greeting: welcome
destinations: {desk: {number: '02088886004', trunk: softphone}}
menus: {main: {prompt: menu, timeout: 5, retries: 2, keys: {'1': desk}}}
routes: [{name: all, to: {menu: main}}]
"""


def _direct(number: str, trunk: str) -> str:
    return (
        f"number: '{number}'\nannouncements: none\n"
        f"destinations: {{first: {{number: '02088886001', trunk: {trunk}, ring: 10}}}}\n"
        "routes: [{name: all, to: first}]\n"
    )
