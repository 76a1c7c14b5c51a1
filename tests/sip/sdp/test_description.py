"""Descriptions as the journal keeps them: short, and read however long they were."""

import json
from typing import Any

import msgspec

from b2bua.sip.sdp.description import (
    Direction,
    Format,
    MediaDescription,
    SessionDescription,
)

DESCRIPTION = SessionDescription(
    session_id=7,
    version=1,
    origin_address="192.0.2.1",
    address="192.0.2.1",
    media=(
        MediaDescription(
            kind="audio",
            port=4000,
            formats=(Format(payload_type=8, encoding="PCMA"),),
            direction=Direction.SENDONLY,
            packet_ms=20,
        ),
    ),
)

SPELT_OUT: dict[str, Any] = {
    "session_id": 7,
    "version": 1,
    "username": "-",
    "origin_address": "192.0.2.1",
    "address": "192.0.2.1",
    "media": [
        {
            "kind": "audio",
            "port": 4000,
            "protocol": "RTP/AVP",
            "formats": [
                {
                    "payload_type": 8,
                    "encoding": "PCMA",
                    "clock_rate": 8000,
                    "channels": 1,
                    "parameters": "",
                }
            ],
            "raw_formats": [],
            "address": "",
            "direction": "sendonly",
            "rtcp_port": None,
            "rtcp_mux": False,
            "packet_ms": 20,
        }
    ],
}
"""As versions before wrote it, with every default."""


def test_what_is_at_its_default_is_left_out() -> None:
    written = msgspec.json.encode(DESCRIPTION)
    assert json.loads(written)["media"] == [
        {
            "kind": "audio",
            "port": 4000,
            "formats": [{"payload_type": 8, "encoding": "PCMA"}],
            "direction": "sendonly",
            "packet_ms": 20,
        }
    ]
    assert msgspec.json.decode(written, type=SessionDescription) == DESCRIPTION


def test_what_spells_out_its_defaults_is_read() -> None:
    written = json.dumps(SPELT_OUT)
    assert msgspec.json.decode(written, type=SessionDescription) == DESCRIPTION
