"""Third-party servers, really started, that the real program talks to."""
