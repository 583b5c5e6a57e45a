import base64, hashlib, http.server, json, secrets, urllib.request, webbrowser
from urllib.parse import parse_qsl, urlencode
issuer, client, back = "ISSUER", "CLIENT", "http://127.0.0.1:8499/callback"
verifier, state, got = secrets.token_urlsafe(48), secrets.token_urlsafe(16), {}
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
class Back(http.server.BaseHTTPRequestHandler):
    def do_GET(self): got.update(parse_qsl(self.path.partition("?")[2])); self.send_response(200); self.end_headers(); self.wfile.write(b"Done.")
server = http.server.HTTPServer(("127.0.0.1", 8499), Back)
webbrowser.open(issuer + "/authorize?" + urlencode(dict(client_id=client, response_type="code", scope="openid profile", redirect_uri=back, state=state, code_challenge=challenge, code_challenge_method="S256")))
while got.get("state") != state: server.handle_request()
token = json.load(urllib.request.urlopen(issuer + "/token", urlencode(dict(grant_type="authorization_code", client_id=client, code=got["code"], redirect_uri=back, code_verifier=verifier)).encode()))
print(json.load(urllib.request.urlopen(urllib.request.Request(issuer + "/userinfo", headers={"Authorization": "Bearer " + token["access_token"]}))))
