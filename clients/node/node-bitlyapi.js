'use strict';
// node-bitlyapi: an object with a method for each of the API; their results
// are bodies, unread. user(login) has some of them again, here as "user.name".

const BitlyAPI = require('node-bitlyapi');
const lines = require('./lines');

BitlyAPI.prototype.request_config.endpoint = process.env.CLIENT_ENDPOINT;

const client = (as) =>
  new BitlyAPI({ client_id: 'app', client_secret: 'secret' }).setAccessToken(as.token);

const used = ['setAccessToken', 'user']; // by every call, and below

const methods = () => [
  ...lines.functions(BitlyAPI.prototype).filter((name) => !used.includes(name)),
  ...lines.functions(Object.getPrototypeOf(client({}).user()), 'user.'),
];

lines(
  methods,
  (as, method, params) =>
    lines.called((done) => {
      const api = client(as);
      const name = method.replace('user.', '');
      const on = name === method ? api : api.user(as.user);
      on[name](...params, done);
    }),
);
