// The package as it is published: its size, its types, and programs that use it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach } from 'node:test';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
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

test('bundles are under 6 kB, and a script gets one global', () => {
  run(here, 'npm', 'run', 'build');
  for (const name of ['earshot.min.js', 'earshot.global.js']) {
    const size = gzipSync(readFileSync(join(here, 'dist', name)), { level: 9 }).length;
    assert.ok(size < 6144, `${name} has ${size} bytes`);
  }
  const page = vm.createContext({ crypto, URL, queueMicrotask, setTimeout, location: { origin: 'http://localhost', href: 'http://localhost/' } });
  const before = Object.keys(page);
  vm.runInContext(readFileSync(join(here, 'dist/earshot.global.js'), 'utf8'), page);
  assert.deepEqual(Object.keys(page).filter((key) => !before.includes(key)), ['Earshot']);
  assert.equal(vm.runInContext('typeof Earshot', page), 'function');
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
