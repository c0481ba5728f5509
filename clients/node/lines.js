'use strict';
// Reads calls as JSON lines, {id, as, method, params}, and answers each with
// {id, result} or {id, error}, which hold exactly what the client returned.
// The answer to a call without a method is the list of the client's methods.

const readline = require('readline');

console.log = console.error; // some clients print; standard output is for answers

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

// functions lists the functions of o and of the objects in it, as a and b.c.
module.exports.functions = function functions(o, prefix = '') {
  const names = [];
  for (const name of Object.keys(o)) {
    if (typeof o[name] === 'function') names.push(prefix + name);
    else if (o[name] && !prefix) names.push(...functions(o[name], name + '.'));
  }
  return names;
};

// called returns a promise for the result of f, which takes a callback.
module.exports.called = (f) =>
  new Promise((resolve, reject) => f((err, result) => (err ? reject(err) : resolve(result))));
