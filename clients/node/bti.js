'use strict';
// bti-shrink-urls, a shell script in Debian's package bti. Its argument is a
// URL. It reads a login and an apiKey from ~/.config/bti. It uses wget, which
// takes a proxy from http_proxy. Its host is fixed.

const fs = require('fs');
const path = require('path');
const { execFile } = require('child_process');
const lines = require('./lines');

lines(
  () => ['shorten'],
  (as, method, [longUrl, domain = 'bit.ly']) => {
    const home = fs.mkdtempSync(path.join(process.env.CLIENT_HOME, 'home-'));
    const config = { shrink_host: domain, shrink_bitly_login: as.login, shrink_bitly_key: as.apiKey };
    fs.mkdirSync(path.join(home, '.config'));
    fs.writeFileSync(
      path.join(home, '.config', 'bti'),
      Object.entries(config).map(([name, value]) => `${name}='${value}'\n`).join(''),
    );
    return new Promise((resolve, reject) =>
      execFile('bti-shrink-urls', [longUrl], { env: { ...process.env, HOME: home } }, (err, out, errors) =>
        err ? reject(new Error(errors.trim())) : resolve(out.trim()),
      ),
    );
  },
);
