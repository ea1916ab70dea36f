// A real OpenID provider (npm oidc-provider) on a port of this machine; any login is let in by its own pages.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

process.stdin.on('end', () => process.exit()).resume();
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'deskline',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/signed-in'],
      token_endpoint_auth_method: 'none',
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: process.argv[2] !== 'in-token',
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== 'mallory' }),
    }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
