'use strict';
// bitly 6: a class; the results of its methods are what the envelopes hold.

const { BitlyClient } = require('bitly6');
const lines = require('./lines');

const client = (as) => new BitlyClient(as.token, { apiUrl: process.env.CLIENT_HOST });

lines(
  () => Object.getOwnPropertyNames(BitlyClient.prototype).filter((name) => name !== 'constructor'),
  (as, method, params) => client(as)[method](...params),
);
