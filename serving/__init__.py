"""People's side: the HTTP API."""
