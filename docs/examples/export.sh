token=YOUR_API_TOKEN
api=http://127.0.0.1:8000/api/v0
curl() {
    \command curl --silent \
        -H 'Content-Type: application/json' \
        -H "Authorization: Bearer $token" \
        "$@"
}

# Start a new export, get ID from response object.
id=$(curl -X POST "$api/export" | jq .id)

# The export is started in the background, so we'll need to wait until it's finished.
while :; do
    sleep 1

    finished=$(curl "$api/export/$id" | jq .finished_at)
    if [ "$finished" != "null" ]; then
        # Download the export.
        curl "$api/export/$id/download" | gzip -d

        break
    fi
done

# Get cursor
start=$(curl "$api/export/$id" | jq .last_hit_id)

# Start new export starting from the cursor.
id=$(curl -X POST --data "{\"start_from_hit_id\":$start}" "$api/export" | jq .id)
