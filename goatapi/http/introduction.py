"""What the reference says before its first operation. Imports nothing: settings read it."""

DESCRIPTION = """\
Counts pageviews for many websites, and gives them out again by exports that can be followed with a cursor. \
It speaks GoatCounter's HTTP API. Every website has a host of its own, and that host is whom a request is \
about: all paths here are on it.

## Authentication

Every operation needs an API key, which is made in *Settings → Password, MFA, API*. Send it \
as `Authorization: Bearer KEY`, or as the password of HTTP Basic with any user name. A key belongs to an \
account and works on the account's sites, on all or on some; it has permissions, and each operation names the \
one it needs.

## Requests

Bodies are JSON, in UTF-8, with `Content-Type: application/json`; they may be gzipped \
(`Content-Encoding: gzip`). Unknown fields are refused. Times are RFC 3339, ids are whole numbers. `HEAD` \
works wherever `GET` does. `OPTIONS` is answered on every path, without a key, so that scripts of any origin \
can use the API; another method that a path does not have is refused with 405.

## Rate limit

Each class of operations has its own limit, counted for each key: by default 60 requests in 120 \
seconds for `api-count` (counting pageviews, up to 500 in a request), and 60 in 120 seconds for `api` (all \
else). Requests without a good key are counted by their address. `X-Rate-Limit-Limit`, `X-Rate-Limit-Remaining` \
and `X-Rate-Limit-Reset` on the answers tell how things stand. Beyond the limit the answer is 429, and \
`Retry-After` says how many seconds to wait.

## Errors

An answer with a 2xx status never holds an error. One with a 4xx or 5xx status is JSON with either \
`error`, a text, or `errors`, an object of what is wrong by field; never both. After a 429 or a 503, wait for \
`Retry-After` seconds and send the same request again. When no answer comes at all, the request may have been \
carried out; `count` can be repeated safely with an `Idempotency-Key`.
"""

TAGS = [
    {"name": "count", "description": "Bring pageviews in, from a backend."},
    {"name": "export", "description": "Take pageviews out, in bulk, again and again."},
    {"name": "sites", "description": "The account's sites."},
    {"name": "users", "description": "Who asks."},
]
"""GoatCounter's, as far as there are operations."""
