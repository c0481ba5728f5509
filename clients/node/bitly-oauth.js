'use strict';
// bitly-oauth: an object with a login and a password. Before its first call it
// asks for a token. Its results are envelopes. Its host is fixed.

const Bitly = require('bitly-oauth');
const lines = require('./lines');

const clients = new Map(); // by login and password; each asks for one token

function client({ login, password }) {
  const key = JSON.stringify([login, password]);
  if (!clients.has(key)) clients.set(key, new Bitly(login, password));
  return clients.get(key);
}

lines(
  () => lines.functions(client({})),
  async (as, method, params) => {
    const api = client(as);
    const on = method.split('.').slice(0, -1).reduce((o, name) => o[name], api);
    const result = await lines.called((done) => on[method.split('.').pop()](...params, done));
    return method === 'authenticate' ? api.accessToken : result;
  },
);
