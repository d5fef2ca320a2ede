"""The API's description held against the service: each exchange, made clients, made-up requests."""
