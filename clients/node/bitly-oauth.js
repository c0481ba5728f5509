'use strict';
// bitly-oauth: an object of a login and a password, which asks for a token
// before its first call; its results are envelopes. Its host is wired in.

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
