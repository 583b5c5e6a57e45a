// An OpenID provider that no one here wrote: oidc-provider, as an enterprise's own, with
// a public client for desktops and, where SERVER_REDIRECT says where it comes back to, a
// confidential one for a server. It prints "ready ISSUER" once it listens, then what
// becomes of refresh tokens and grants. Its development pages accept any account name
// with any password, as its documentation says.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'lanyard',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
      post_logout_redirect_uris: [],
    }, ...process.env.SERVER_REDIRECT ? [{
      client_id: 'lanyard-server',
      client_secret: process.env.SERVER_SECRET,
      token_endpoint_auth_method: process.env.SERVER_AUTH ?? 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [process.env.SERVER_REDIRECT],
      ...process.env.SERVER_LOGOUT && { backchannel_logout_uri: process.env.SERVER_LOGOUT, backchannel_logout_session_required: true },
    }] : []],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Account ${id}`, email: `${id}@example.com`, email_verified: true, groups: ['staff', '研发'] }),
    }),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // Its own guard refuses addresses of this computer, where the one to be told listens.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    // A short life, so that a test sees a refresh without waiting long.
    ttl: { AccessToken: Number(process.env.ACCESS_TTL ?? 300), RefreshToken: 3600, Session: 3600, Grant: 3600, IdToken: 300, Interaction: 600 },
    rotateRefreshToken: true,
    pkce: { required: () => true },
    cookies: { keys: ['test only'] },
  });
  for (const event of ['refresh_token.consumed', 'grant.revoked']) provider.on(event, () => console.log(event));
  server.on('request', provider.callback());
  console.log(`ready ${issuer}`);
});
