'use strict';
// bitly 6: a class. The results of its methods are the data of the envelopes.

const { BitlyClient } = require('bitly6');
const lines = require('./lines');

const client = (as) => new BitlyClient(as.token, { apiUrl: process.env.CLIENT_HOST });

lines(
  () => Object.getOwnPropertyNames(BitlyClient.prototype).filter((name) => name !== 'constructor'),
  (as, method, params) => client(as)[method](...params),
);
