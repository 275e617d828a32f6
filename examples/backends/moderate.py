import base64, hmac, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["EARSHOT_SECRET"].removeprefix("whsec_"))

class Moderator(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        question, sent_at, signatures = (self.headers.get("webhook-" + name, "") for name in ("id", "timestamp", "signature"))
        digest = hmac.digest(SECRET, f"{question}.{sent_at}.".encode() + body, "sha256")
        signature = "v1," + base64.b64encode(digest).decode()
        if not any(hmac.compare_digest(signature, each) for each in signatures.split()) or abs(time.time() - int(sent_at)) > 300:
            return self.send_error(401)
        text = json.loads(body)["message"]
        is_bad = not isinstance(text, str) or "http" in text
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"refuse": "only texts, and no links"} if is_bad else {"message": text.replace("darn", "****")}).encode())

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Moderator).serve_forever()
