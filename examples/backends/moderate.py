import base64, hmac, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["EARSHOT_SECRET"].removeprefix("whsec_"))

class Moderator(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        question, sent_at, signatures = (self.headers.get("webhook-" + name, "") for name in ("id", "timestamp", "signature"))
        signature = "v1," + base64.b64encode(hmac.digest(SECRET, f"{question}.{sent_at}.".encode() + body, "sha256")).decode()
        if not any(hmac.compare_digest(signature, each) for each in signatures.split()) or abs(time.time() - int(sent_at)) > 300:
            return self.send_error(401)
        text = json.loads(body)["message"]
        is_good = isinstance(text, str) and "http" not in text
        answer = {"message": text.replace("darn", "****")} if is_good else {"refuse": "only texts, and no links"}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Moderator).serve_forever()
