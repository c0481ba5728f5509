'use strict';
// bitly 1 to 4: a class. CLIENT_MAJOR says which version. Versions 1 and 2 take
// a login and its apiKey and use http; 3 and 4 take a token and use https. Their
// hosts are fixed. Version 1 takes callbacks, and the others return promises.
// Results are envelopes.

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
