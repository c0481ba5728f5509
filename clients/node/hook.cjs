'use strict';
// Connects clients to a server on this machine: the hosts in CLIENT_HOSTS, which
// are fixed in the clients, become 127.0.0.1, and their ports 80 and 443 become
// CLIENT_PORT. It does not change the clients or their TLS: they still check that
// the certificate is for the name of the host.

const dns = require('dns');
const net = require('net');

const hosts = new Set((process.env.CLIENT_HOSTS ?? '').split(','));
const port = Number(process.env.CLIENT_PORT);
const home = { address: '127.0.0.1', family: 4 };

const { lookup } = dns;
dns.lookup = function (host, options, done = options) {
  if (!hosts.has(host)) return lookup.apply(dns, arguments);
  process.nextTick(() => (options.all ? done(null, [home]) : done(null, home.address, home.family)));
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const normal = Array.isArray(args[0]) ? args[0] : args; // net.connect has put them into an array
  if (hosts.has(normal[0].host) && [80, 443].includes(Number(normal[0].port))) normal[0] = { ...normal[0], port };
  return connect.apply(this, args);
};
