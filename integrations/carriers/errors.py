"""Errors of the carrier adapters.

ValueError
└── CarrierPayloadError   what was sent is not a tracking payload of that carrier
"""


class CarrierPayloadError(ValueError):
    """What was sent holds no tracking events that can be read: says where, which value, what is allowed."""
