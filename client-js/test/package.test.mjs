// The package as it is published: its size, its types, and whether others can use it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { port } from './harness.mjs';

const here = new URL('..', import.meta.url).pathname;
const run = (folder, command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

test('its types hold what they say', () => {
  run(here, 'npx', 'tsc', '-p', 'test/tsconfig.json');
});

test('the server serves the source', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/public/earshot.js`);
  assert.match(answer.headers.get('content-type'), /^text\/javascript/);
  assert.ok((await answer.text()) === readFileSync(join(here, 'src/earshot.js'), 'utf8'), 'it is another one');
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

test('packed and installed it works in Node and through a bundler', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-'));
  const [{ filename, files }] = JSON.parse(run(here, 'npm', 'pack', '--json', '--pack-destination', folder).replace(/^[^[]*/, ''));
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
  run(here, 'npx', 'esbuild', join(folder, 'app.js'), '--bundle', '--format=esm', '--minify', `--outfile=${join(folder, 'bundle.mjs')}`);
  assert.match(run(folder, 'node', 'bundle.mjs'), /^(sse|websocket)\n$/);
  // The minified one is the same client: no name that travels was shortened.
  writeFileSync(join(folder, 'small.js'), readFileSync(join(folder, 'app.js'), 'utf8').replace('earshot-client', 'earshot-client/min'));
  assert.match(run(folder, 'node', 'small.js'), /^(sse|websocket)\n$/);
});
