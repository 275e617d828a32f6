# Receives webhooks: checks the signature and the time, and stores each event once.
import base64, hmac, http.server, json, os, sqlite3, time

key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
db = sqlite3.connect("webhook.db")
db.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT)")

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        id, at, signatures = (self.headers.get("webhook-" + n, "") for n in ("id", "timestamp", "signature"))
        body = self.rfile.read(int(self.headers["content-length"]))
        right = b"v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256"))
        if not any(hmac.compare_digest(right, s.encode()) for s in signatures.split()) or abs(time.time() - int(at)) > 300:
            return self.send_error(401)
        with db:  # a repeated event is ignored
            db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?)", [(e["id"], json.dumps(e)) for e in json.loads(body)["events"]])
        self.send_response(204)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
