"""Which ways of telling people are not set up: `doctor` and `up` say the same."""

from settings import Settings

SMS_SETTINGS = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and DOORSTEP_TWILIO_FROM"

CHANNELS = {
    "mail": ("DOORSTEP_SMTP_URL", "DOORSTEP_SMTP_URL", "notices by mail fail"),
    "SMS": ("TWILIO_ACCOUNT_SID", SMS_SETTINGS, "notices by SMS fail"),
    "WhatsApp": ("DOORSTEP_TWILIO_WHATSAPP_FROM", "DOORSTEP_TWILIO_WHATSAPP_FROM", "notices by WhatsApp go by SMS or mail"),
}
"""By channel: the setting without which it is not set up, all that it needs, and what comes of that."""


def not_set_up(settings: Settings) -> dict[str, str]:
    """`not set up (DOORSTEP_SMTP_URL): notices by mail fail`, by channel; nothing for one that is set up."""
    return {
        channel: f"not set up ({needed}): {so}" for channel, (decisive, needed, so) in CHANNELS.items() if not settings[decisive]
    }
