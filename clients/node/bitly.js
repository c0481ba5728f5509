'use strict';
// bitly 1 to 4, CLIENT_MAJOR says which: a class. 1 and 2 take a login and its
// apiKey and speak http, 3 and 4 take a token and speak https. Their hosts are
// wired in. 1 calls back, the others give promises; results are envelopes.

const major = Number(process.env.CLIENT_MAJOR);
const Bitly = require(`bitly${major}`);
const lines = require('./lines');

const inner = /^(constructor|_.*|generateNiceUrl|doRequest|sortUrlsAndHash)$/;

const client = (as) => (major < 3 ? new Bitly(as.login, as.apiKey) : new Bitly(as.token));

lines(
  () => Object.getOwnPropertyNames(Bitly.prototype).filter((name) => !inner.test(name)),
  (as, method, params) => {
    const api = client(as);
    return major === 1 ? lines.called((done) => api[method](...params, done)) : api[method](...params);
  },
);
