'use strict';
// node-bitlyapi: an object with a function for each method of the API. Their
// results are the bodies of answers, not decoded. The object that user(login)
// returns has some of the functions again; here they are called "user.NAME".

const BitlyAPI = require('node-bitlyapi');
const lines = require('./lines');

BitlyAPI.prototype.request_config.endpoint = process.env.CLIENT_ENDPOINT;

const client = (as) =>
  new BitlyAPI({ client_id: 'app', client_secret: 'secret' }).setAccessToken(as.token);

const used = ['setAccessToken', 'user']; // they are no methods of the API; the code below calls them

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
