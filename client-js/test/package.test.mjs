// The package as it is published: its size, its types, and programs that use it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach } from 'node:test';
import vm from 'node:vm';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { aRoom, closeAll, connect, port, root, tape } from './harness.mjs';

const here = new URL('..', import.meta.url).pathname;
const run = (folder, command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

afterEach(closeAll);

test('the types are correct', () => {
  run(here, 'node_modules/.bin/tsc', '-p', 'test/tsconfig.json');
});

test('the server serves the source', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/public/earshot.js`);
  assert.match(answer.headers.get('content-type'), /^text\/javascript/);
  assert.ok((await answer.text()) === readFileSync(join(here, 'src/earshot.js'), 'utf8'), 'the served file differs');
});

test('bundles have the size that the documentation names, and a script gets one global', () => {
  run(here, 'npm', 'run', 'build');
  const [, ...named] = /<!-- size -->([\d.]+) kB with Brotli, ([\d.]+) kB with gzip<!-- \/size -->/.exec(readFileSync(join(root, 'docs/clients.md'), 'utf8'));
  for (const name of ['earshot.min.js', 'earshot.global.js']) {
    const bundle = readFileSync(join(here, 'dist', name));
    const sizes = [brotliCompressSync(bundle).length, gzipSync(bundle, { level: 9 }).length];
    // Other versions of Node compress a little differently.
    sizes.forEach((size, i) => assert.ok(Math.abs(size - 1_000 * named[i]) < 100, `${name} has ${sizes} bytes, not ${named} kB: npm run build`));
  }
  const page = vm.createContext({ crypto, URL, queueMicrotask, setTimeout, location: { origin: 'http://localhost', href: 'http://localhost/' } });
  const before = Object.keys(page);
  vm.runInContext(readFileSync(join(here, 'dist/earshot.global.js'), 'utf8'), page);
  assert.deepEqual(Object.keys(page).filter((key) => !before.includes(key)), ['Earshot']);
  assert.equal(vm.runInContext('typeof Earshot', page), 'function');
});

test('the minified client has the same options and fields', async () => {
  const { Earshot } = await import(join(here, 'dist/earshot.min.js'));
  const name = aRoom();
  const client = new Earshot(`http://127.0.0.1:${port}`, { transports: ['sse'], backoff: [20, 200] });
  try {
    const room = client.join(name, { presence: true, history: 1 });
    const other = connect().join(name);
    await Promise.all([room.joined, other.joined]);
    const [signals, heard, own] = [tape(other, 'signal'), tape(other), tape(room, 'signal')];
    await room.signal({ x: 1 }, { kind: 'cursor' });
    await other.signal({ x: 2 }, { kind: 'cursor' });
    await room.say({ text: 'hi', kind: 'greeting' });
    await Promise.all([signals.count(1), own.count(1), heard.count(1)]);
    assert.deepEqual([signals[0].kind, signals[0].signal, own[0].kind, own[0].signal], ['cursor', { x: 1 }, 'cursor', { x: 2 }]);
    assert.deepEqual(heard.texts(), [{ text: 'hi', kind: 'greeting' }]);
    const { messages: [{ message }] } = await room.history({ limit: 1 });
    assert.equal(message.kind, 'greeting');
    assert.ok(room.present.every(({ id }) => /^[0-9a-f]+$/.test(id)));
  } finally {
    await client.close();
  }
});

test('the packed and installed package works in Node and through a bundler', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-'));
  const [{ filename, files }] = JSON.parse(run(here, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder).replace(/^[^[]*/, ''));
  assert.deepEqual(files.map(({ path }) => path).filter((path) => /test|node_modules|npmrc/.test(path)), []);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  run(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', `./${filename}`);
  writeFileSync(join(folder, 'app.js'), `
    import { Earshot } from 'earshot-client';
    const client = new Earshot('ws://127.0.0.1:${port}');
    const room = client.join('attic');
    await room.say('from a package');
    console.log(client.transport);
    await client.close();
  `);
  assert.match(run(folder, 'node', 'app.js'), /^(sse|websocket)\n$/);
  run(here, 'node_modules/.bin/esbuild', join(folder, 'app.js'), '--bundle', '--format=esm', '--minify', `--outfile=${join(folder, 'bundle.mjs')}`);
  assert.match(run(folder, 'node', 'bundle.mjs'), /^(sse|websocket)\n$/);
  // The first program in the documentation.
  const shown = readFileSync(join(here, 'test/quickstart.mjs'), 'utf8').replace('localhost:8080', `127.0.0.1:${port}`);
  writeFileSync(join(folder, 'shown.js'), shown);
  const [first, ...others] = run(folder, 'node', '--experimental-websocket', '--no-warnings', 'shown.js').trim().split('\n');
  assert.equal(first, 'open');
  assert.match(others[0], /^\d+ \[ '[0-9a-f]{32}' \]$/);
  assert.equal(others.at(-1), 'closed');
  // The minified bundle is the same client: no name of the protocol was shortened.
  writeFileSync(join(folder, 'small.js'), readFileSync(join(folder, 'app.js'), 'utf8').replace('earshot-client', 'earshot-client/min'));
  assert.equal(run(folder, 'node', '--no-experimental-websocket', 'small.js'), 'sse\n');
  assert.equal(run(folder, 'node', '--no-warnings', '--experimental-websocket', 'small.js'), 'websocket\n');
  rmSync(folder, { recursive: true });
});

test('a copy of the sources without node_modules is packed, and works in CommonJS as well, with its hooks and types', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-'));
  const copy = join(folder, 'copy');
  cpSync(here, copy, { recursive: true, filter: (path) => !/node_modules|dist|output.txt/.test(path) });
  const [{ filename, files }] = JSON.parse(run(copy, 'npm', 'pack', '--json', '--silent', '--pack-destination', folder).replace(/^[^[]*/, ''));
  const paths = files.map(({ path }) => path);
  for (const path of ['earshot.cjs', 'earshot.d.cts', 'react.cjs', 'react.d.cts', 'earshot.min.js', 'earshot.global.js']) assert.ok(paths.includes(`dist/${path}`), path);
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{}');
  run(app, 'npm', 'install', '--offline', '--no-audit', '--no-fund', join(folder, filename));
  // React is a peer, which the program has: here that of the tests.
  for (const name of ['react', 'react-dom', 'scheduler', '@types', 'csstype']) symlinkSync(join(here, 'node_modules', name), join(app, 'node_modules', name));
  writeFileSync(join(app, 'main.ts'), `
    import { Earshot, EarshotError, type Room } from 'earshot-client';
    import { usePresence, useRoom, useTyping } from 'earshot-client/react';
    import { createElement } from 'react';
    declare function require(name: string): any;
    const { renderToString } = require('react-dom/server');
    const client = new Earshot('ws://127.0.0.1:${port}');
    const room: Room<string> = client.join<string>('attic');
    const Said = ({ name }: { name: string }) => createElement('b', null, [useRoom<string>(client, name).messages, useTyping(room)[0], usePresence(room)].join('none'));
    console.log(renderToString(createElement(Said, { name: 'attic' })));
    room.say('from CommonJS').then(() => client.close()).then(() => console.log(client.state, EarshotError.name));
  `);
  run(here, 'node_modules/.bin/tsc', '--strict', '--target', 'es2022', '--module', 'node16', '--lib', 'es2022,dom', '--types', 'react', join(app, 'main.ts'));
  assert.equal(run(app, 'node', 'main.js'), '<b>nonenone</b>\nclosed EarshotError\n');
  // The bundle for pages is whole as well.
  const page = vm.createContext({ crypto, URL, queueMicrotask, setTimeout, location: { href: 'http://localhost/' } });
  vm.runInContext(readFileSync(join(app, 'node_modules/earshot-client/dist/earshot.global.js'), 'utf8'), page);
  assert.equal(vm.runInContext('typeof Earshot', page), 'function');
  rmSync(folder, { recursive: true });
});

test('the comparison with other servers counts right', () => {
  const folder = join(root, 'docs/comparison');
  const sum = (counts) => counts.reduce((all, count) => all + count, 0);
  const lines = (...path) => readFileSync(join(folder, ...path), 'utf8').split('\n').filter((line) => !/^\s*(\/\/.*|\/\*\*.*\*\/)?$/.test(line)).length;
  const rows = [['Earshot', 'earshot'], ['Socket.IO', 'socket.io'], ['Centrifugo', 'centrifugo'], ['Pusher', 'pusher']].map(([name, product]) => {
    const settings = readdirSync(join(folder, product)).filter((file) => !file.endsWith('.js'));
    const client = lines(product, 'useChat.js') + (product === 'earshot' ? 0 : lines('view.js'));
    const counts = [client, lines(product, 'server.js'), sum(settings.map((file) => lines(product, file)))];
    return `| [${name}](comparison/${product}) | ${counts.join(' | ')} | ${sum(counts)} |`;
  });
  const page = readFileSync(join(root, 'docs/comparison.md'), 'utf8');
  assert.deepEqual(page.split('\n').filter((line) => line.startsWith('| [')), rows);
});

test('the bot answers', async () => {
  const name = aRoom();
  const room = connect().join(name);
  const [heard, joins] = [tape(room), tape(room, 'join')];
  await room.joined;
  const bot = spawn('node', ['--experimental-websocket', join(root, 'examples/bot.mjs'), `http://127.0.0.1:${port}`, name]);
  try {
    await joins.count(1);
    await room.say('uptime?');
    await heard.count(1);
    assert.match(heard[0].message, /^up for \d+ s$/);
  } finally {
    bot.kill();
  }
});
