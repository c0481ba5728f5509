'use strict';
// bitly 5: a function that returns an object of functions. Their results are
// envelopes.

const bitly = require('bitly5');
const lines = require('./lines');

const client = (as) => bitly(as.token, { apiUrl: process.env.CLIENT_HOST });

lines(
  () => lines.functions(client({})),
  (as, method, params) => client(as)[method](...params),
);
