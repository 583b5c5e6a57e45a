// An app that no one here wrote the OpenID part of: openid-client (OpenID certified) signs
// its people in, jose verifies what it is told when a session ends. It trusts the issuers
// of the server in SERVER, is the client app with the secret in SECRET, and prints
// "ready ORIGIN" once it listens.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { SERVER, SECRET } = process.env;
const clientID = 'relying-party';
const event = 'http://schemas.openid.net/event/backchannel-logout';

let origin;
const configs = new Map(); // by issuer
const trips = new Map(); // by cookie: a sign-in that has begun
const sessions = new Map(); // by cookie: who is signed in
const farewells = []; // what we were told, in words
const seen = new Set(); // jti

async function configOf(issuer) {
  if (!issuer.startsWith(`${SERVER}/e/`)) throw new Error(`issuer ${issuer} is not ours`);
  if (!configs.has(issuer)) {
    const config = await client.discovery(new URL(issuer), clientID, undefined, client.ClientSecretBasic(SECRET),
      { execute: [client.allowInsecureRequests] }); // plain http on this computer
    client.enableNonRepudiationChecks(config); // verify signatures, though the token came to us directly
    configs.set(issuer, config);
  }
  return configs.get(issuer);
}

const pages = {
  // Where the workbench sends people: OpenID Connect Core section 4.
  async 'GET /login'(req, url, cookie) {
    const issuer = url.searchParams.get('iss');
    const config = await configOf(issuer);
    const verifier = client.randomPKCECodeVerifier();
    const trip = { issuer, verifier, state: client.randomState(), nonce: client.randomNonce() };
    trips.set(cookie, trip);
    const parameters = {
      redirect_uri: `${origin}/callback`, scope: 'openid profile email offline_access', state: trip.state, nonce: trip.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    };
    for (const name of ['prompt', 'login_hint']) {
      if (url.searchParams.has(name)) parameters[name] = url.searchParams.get(name);
    }
    return { to: client.buildAuthorizationUrl(config, parameters).href };
  },
  async 'GET /callback'(req, url, cookie) {
    const trip = trips.get(cookie);
    trips.delete(cookie);
    if (!trip) throw new Error('no sign-in has begun in this browser');
    const config = await configOf(trip.issuer);
    const tokens = await client.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: trip.verifier, expectedState: trip.state, expectedNonce: trip.nonce, idTokenExpected: true,
    });
    const claims = tokens.claims();
    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    sessions.set(cookie, { issuer: trip.issuer, tokens, claims, info });
    return { to: '/' };
  },
  async 'GET /'(req, url, cookie) {
    const s = sessions.get(cookie);
    return { text: s ? `Signed in as ${s.info.name} (${s.claims.sub}, sid ${s.claims.sid})` : 'Nobody is signed in' };
  },
  async 'GET /refresh'(req, url, cookie) {
    const s = sessions.get(cookie);
    const config = await configOf(s.issuer);
    const before = s.tokens.refresh_token;
    const tokens = await client.refreshTokenGrant(config, before);
    const info = await client.fetchUserInfo(config, tokens.access_token, s.claims.sub);
    s.tokens = { ...tokens, id_token: tokens.id_token ?? s.tokens.id_token };
    return { text: `Refreshed as ${info.name}, rotated: ${tokens.refresh_token !== before}` };
  },
  async 'GET /logout'(req, url, cookie) {
    const s = sessions.get(cookie);
    const config = await configOf(s.issuer);
    return { to: client.buildEndSessionUrl(config, {
      id_token_hint: s.tokens.id_token, post_logout_redirect_uri: `${origin}/bye`, state: 'after all', ui_locales: 'zh',
    }).href };
  },
  async 'GET /bye'(req, url) {
    return { text: `Goodbye, state ${url.searchParams.get('state')}` };
  },
  // Back-Channel Logout 1.0 section 2.6.
  async 'POST /farewell'(req) {
    let body = '';
    for await (const chunk of req) body += chunk;
    const raw = new URLSearchParams(body).get('logout_token');
    const { iss } = JSON.parse(Buffer.from(raw.split('.')[1], 'base64url'));
    const config = await configOf(iss);
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    const { payload } = await jwtVerify(raw, keys, {
      issuer: iss, audience: clientID, typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti', 'sub', 'sid'], algorithms: ['ES256'],
    });
    if (!payload.events?.[event] || 'nonce' in payload || seen.has(payload.jti)) throw new Error('not a logout token');
    seen.add(payload.jti);
    for (const [cookie, s] of sessions) {
      if (s.claims.sid === payload.sid && s.claims.sub === payload.sub) {
        sessions.delete(cookie);
        farewells.push(`farewell ${s.info.name}`);
      }
    }
    return { text: 'ok' };
  },
  async 'GET /farewells'() {
    return { text: `Told ${farewells.length} times: ${farewells.join(', ')}` };
  },
};

const server = createServer(async (req, res) => {
  const url = new URL(req.url, origin);
  const page = pages[`${req.method} ${url.pathname}`];
  let cookie = /(?:^|; )app=([0-9a-f-]+)/.exec(req.headers.cookie ?? '')?.[1];
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  if (!cookie) {
    cookie = randomUUID();
    headers['set-cookie'] = `app=${cookie}; Path=/; HttpOnly; SameSite=Lax`;
  }
  try {
    const { to, text } = page ? await page(req, url, cookie) : { text: 'No such page' };
    if (to) headers.location = to;
    res.writeHead(to ? 303 : page ? 200 : 404, headers).end(text);
  } catch (err) {
    console.error(url.pathname, err);
    res.writeHead(400, headers).end(`Failed: ${err.message} ${err.code ?? ''} ${err.error ?? ''} ${err.error_description ?? ''}`);
  }
});
server.listen(0, '127.0.0.1', () => {
  // Another name than the server's, so that no cookie is shared.
  origin = `http://localhost:${server.address().port}`;
  console.log(`ready ${origin}`);
});
