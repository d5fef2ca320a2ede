token=YOUR_API_TOKEN
api=http://127.0.0.1:8000/api/v0
curl() {
    \command curl --silent \
        -H 'Content-Type: application/json' \
        -H "Authorization: Bearer $token" \
        "$@"
}

curl -X POST --data '{hits: [{path: "/one"}, {path: "/two"}]}' "$api/count"
