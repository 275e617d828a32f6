'use strict';
// What the tests in a browser are made with.
const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const { chromium } = require('playwright-core');

/** How long somebody waits to see or to hear something. */
const patience = { timeout: 15000 };

const launch = (executablePath) => chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
});

/** An nc at a port of this machine. */
function nc(port) {
  const child = spawn('nc', ['127.0.0.1', port]);
  let text = '';
  const waiting = [];
  child.stdout.on('data', (data) => {
    text += data;
    waiting.splice(0).forEach((look) => look());
  });
  return {
    say: (line) => child.stdin.write(`${line}\n`),
    hear: (what) => new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`nc never heard ${what}: ${text}`)), patience.timeout);
      const look = () => {
        if (!text.includes(what)) return waiting.push(look);
        clearTimeout(deadline);
        resolve();
      };
      look();
    }),
    heard: () => text,
    end: () => child.kill(),
  };
}

/** A network to a port: bytes are passed on until it is cut, and nobody gets through until it is mended. */
async function network(to) {
  const ends = new Set();
  let isCut = false;
  const server = net.createServer((near) => {
    if (isCut) return near.destroy();
    const far = net.connect(to, '127.0.0.1');
    for (const [end, other] of [[near, far], [far, near]]) {
      ends.add(end);
      end.pipe(other);
      end.on('error', () => {});
      end.on('close', () => {
        other.destroy();
        ends.delete(end);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    cut() {
      isCut = true;
      ends.forEach((end) => end.resetAndDestroy());
    },
    mend: () => { isCut = false; },
    close() {
      server.close();
      ends.forEach((end) => end.destroy());
    },
  };
}

/** A proxy that shows a server of this machine below a path, which it removes. */
async function below(path, to) {
  const server = http.createServer((request, response) => {
    const asked = http.request({ port: to, host: '127.0.0.1', method: request.method, path: request.url.slice(path.length), headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    request.pipe(asked);
  });
  server.on('upgrade', (request, near) => {
    const far = net.connect(to, '127.0.0.1');
    const fields = request.rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `)).join('');
    far.write(`GET ${request.url.slice(path.length)} HTTP/1.1\r\n${fields}\r\n`);
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => {}).on('close', () => [near, far].forEach((each) => each.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

module.exports = { below, launch, nc, network, patience };
