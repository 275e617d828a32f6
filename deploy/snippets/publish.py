# Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… python3 publish.py ROOM TEXT KEY
import json, os, sys, urllib.error, urllib.request

room, text, key = sys.argv[1:]
request = urllib.request.Request(
    os.environ["EARSHOT_URL"] + "/admin/publish",
    json.dumps({"messages": [{"room": room, "message": text}]}).encode(),
    {
        "Authorization": "Bearer " + os.environ["EARSHOT_KEY"],
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    },
)
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        place = json.load(response)["results"][0]
except urllib.error.HTTPError as problem:
    place = {"error": problem.read().decode()}
print("{room} {epoch}:{offset}".format(**place) if "epoch" in place else sys.exit(place["error"]))
