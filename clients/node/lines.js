'use strict';
// Calls come in as JSON lines, {id, as, method, params}, and go out as
// {id, result} or {id, error}: what the client gives its user, and no more.
// A call without a method lists the client's methods.

const readline = require('readline');

console.log = console.error; // a client prints there; standard output is ours

module.exports = function (methods, call) {
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, as, method, params } = JSON.parse(line);
    let answer;
    try {
      answer = { id, result: method ? await call(as, method, params) : methods() };
    } catch (e) {
      answer = { id, error: { message: e.message || String(e), statusCode: e.statusCode ?? (Number(e.code) || undefined), data: e.data } };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  });
};

// functions lists the functions of o, also of those one floor below: a.b.
module.exports.functions = function functions(o, prefix = '') {
  const names = [];
  for (const name of Object.keys(o)) {
    if (typeof o[name] === 'function') names.push(prefix + name);
    else if (o[name] && !prefix) names.push(...functions(o[name], name + '.'));
  }
  return names;
};

// node makes a promise of a function that calls back.
module.exports.called = (f) =>
  new Promise((resolve, reject) => f((err, result) => (err ? reject(err) : resolve(result))));
