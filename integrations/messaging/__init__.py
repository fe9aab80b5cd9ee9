"""Mail through SMTP, SMS through Twilio, the templates of both, and the judgement of what went wrong."""
