'use strict';
// The client that the server serves, in a page and in a worker of a real browser, and its hooks with React in two pages.
const assert = require('node:assert');
const { createHmac } = require('node:crypto');
const path = require('node:path');
const esbuild = require('esbuild');
const { version } = require('react');
const { launch, patience } = require('./tools.js');

const [folder, executablePath, root, people] = process.argv.slice(2);
const inRoot = (name) => path.join(root, name);

/** In the page: meets a worker in a room; says what both have heard, and by which way. */
async function meet(transport) {
  const { Earshot } = await import('./earshot.js');
  const name = `a room for ${transport}`;
  const body = new URLSearchParams({ message: 'so that it remembers' });
  await fetch(`/rooms/${encodeURIComponent(name)}/messages`, { method: 'POST', body });
  const client = new Earshot({ transports: [transport] });
  const room = client.join(name);
  await room.joined;
  const heard = room.once('message');
  const worker = new Worker('worker.mjs', { type: 'module' });
  const heardThere = new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
  worker.postMessage({ name, transport });
  const { message } = await heard;
  await room.say('from the page');
  const answer = await heardThere;
  await client.close();
  worker.terminate();
  return [client.transport, message, answer];
}

/** In the place of the package `jsonwebtoken`, whose one function the server of the comparison calls. */
const jsonwebtoken = `export default { sign: (claims, secret, { subject, keyid }) => globalThis.signed({ ...claims, sub: subject }, secret, keyid) };`;
globalThis.signed = (claims, secret, kid) => {
  const part = (what) => Buffer.from(JSON.stringify(what)).toString('base64url');
  const text = `${part({ alg: 'HS256', kid })}.${part({ ...claims, exp: Math.ceil(Date.now() / 1_000) + 600 })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

/** Bundles a program. */
async function bundle(contents, more) {
  const { outputFiles: [{ text }] } = await esbuild.build({
    stdin: { contents, resolveDir: __dirname, loader: 'jsx' }, bundle: true, write: false, jsx: 'automatic', format: 'esm',
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: {
      'earshot-client': inRoot('client-js/src/earshot.js'), 'earshot-client/react': inRoot('client-js/src/react.js'),
      react: path.join(__dirname, 'node_modules/react'), // of the program, also for the hooks
    },
    ...more,
  });
  return text;
}

/** The chat of docs/comparison.md with React, for users whom the application knows. */
async function chat(browser) {
  assert.match(version, /^19\./);
  const program = (await bundle(`
    import { StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    import { Chat } from '${inRoot('docs/comparison/Chat.jsx')}';
    import { useChat } from '${inRoot('docs/comparison/earshot/useChat.js')}';
    createRoot(document.body).render(<StrictMode><Chat useChat={useChat} room="attic" /></StrictMode>);
  `)).replace('ws://localhost:8080', new URL(people).origin);
  const server = await bundle(`import jwt from 'jsonwebtoken'; export * from '${inRoot('docs/comparison/earshot/server.js')}';`, {
    platform: 'node', plugins: [{
      name: 'jsonwebtoken',
      setup(build) {
        build.onResolve({ filter: /^jsonwebtoken$/ }, ({ path: name }) => ({ path: name, namespace: 'jwt' }));
        build.onLoad({ filter: /./, namespace: 'jwt' }, () => ({ contents: jsonwebtoken }));
      },
    }],
  });
  const routes = {};
  const { addChat } = await import(`data:text/javascript,${encodeURIComponent(server)}`);
  process.env.CHAT_SECRET = 'put-a-long-random-text-of-your-own-here';
  addChat({ get: (name, answer) => { routes[name] = answer; } });
  const complaints = [];
  const open = async (id, name) => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.route('**/chat-token', (route) => routes['/chat-token']({ user: { id, name } }, { send: (body) => route.fulfill({ body }) }));
    await page.route('**/program.js', (route) => route.fulfill({ body: program, contentType: 'text/javascript' }));
    const load = async () => {
      await page.goto(`${people}bare.html`);
      await page.addScriptTag({ url: 'program.js', type: 'module' });
    };
    await load();
    return { page, load, input: page.getByRole('textbox'), sees: (text) => page.getByText(text, { exact: true }).waitFor(patience) };
  };
  const ada = await open('ada', 'Ada');
  await ada.sees('Ada');
  const bob = await open('bob', 'Bob');
  await Promise.all([ada.sees('Ada, Bob'), bob.sees('Ada, Bob')]);
  await ada.input.pressSequentially('hi');
  await bob.sees('Ada …');
  await ada.input.press('Enter');
  await Promise.all([ada.sees('Ada hi'), bob.sees('Ada hi')]);
  await bob.sees('attic 1');
  assert.equal(await bob.page.getByText('Ada …').count(), 0);
  await bob.input.focus();
  await bob.sees('attic');
  await bob.input.fill('hello');
  await bob.input.press('Enter');
  await ada.sees('Bob hello');
  await ada.load(); // and what was said is there again
  await ada.sees('Bob hello');
  assert.deepEqual(await ada.page.locator('li.said').allTextContents(), ['Ada hi', 'Bob hello']);
  await ada.sees('Ada, Bob');
  await bob.page.close();
  await ada.page.close();
  assert.deepEqual(complaints, []);
}

async function main() {
  const browser = await launch(executablePath);
  try {
    const page = await browser.newPage();
    await page.goto(`${folder}bare.html`);
    for (const transport of ['websocket', 'sse', 'poll']) {
      assert.deepEqual(await page.evaluate(meet, transport), [transport, 'from the worker', 'from the page']);
    }
    await chat(browser);
  } finally {
    await browser.close();
  }
}

main().then(() => { console.log('page, worker and React heard each other'); process.exit(0); },
  (error) => { console.error(error); process.exit(1); });
