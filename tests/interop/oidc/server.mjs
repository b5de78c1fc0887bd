// A real OpenID provider (the npm package oidc-provider, certified by the OpenID Foundation) with two invented people
// and a login form of one field. Argument: a JSON file with {port, keys: [JWK …], clients: [{…} …], claims_in:
// "id-token" or "userinfo"}. Prints "ready" once it answers.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const { port, keys, clients, claims_in: claimsIn } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://127.0.0.1:${port}`;

const people = {
  lan: { name: 'Nguyễn Thị Lan', citizen_id: '000190000022' },
  binh: { name: 'Trần Văn Bình', citizen_id: '000080000033' },
};
const acr = 'urn:example:loa:substantial';

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  acrValues: [acr],
  claims: { openid: ['sub'], person: ['name', 'citizen_id'], acr: null, auth_time: null },
  scopes: ['openid', 'person'],
  conformIdTokenClaims: claimsIn === 'userinfo',
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256', 'PS256'] },
  features: { devInteractions: { enabled: false }, userinfo: { enabled: true } },
  cookies: { keys: ['test-only'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
  async findAccount(_, id) {
    return people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) };
  },
  // These people agree to everything: consent is not what is tested.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid person');
    await grant.save();
    return grant;
  },
});

async function interaction(request, response) {
  const { prompt } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!DOCTYPE html><title>${prompt.name}</title><form method="post"><input name="login"></form>`);
    return;
  }
  let body = '';
  for await (const piece of request) body += piece;
  const accountId = new URLSearchParams(body).get('login');
  const result = people[accountId]
    ? { login: { accountId, acr, remember: false } }
    : { error: 'access_denied', error_description: 'nobody of that name' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return interaction(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error.message));
  });
}).listen(port, '127.0.0.1', () => console.log('ready'));
