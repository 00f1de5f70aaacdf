"""Function views: fetch with an access check, call a service, answer."""
