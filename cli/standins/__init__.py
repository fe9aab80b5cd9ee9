"""Stand-ins for the outside world that run on this machine: a mail server and Twilio. Real protocols; nothing leaves the machine."""
