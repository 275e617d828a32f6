'use strict';
// The client that the server serves, in a page and in a worker of a real browser.
const assert = require('node:assert');
const { launch } = require('./tools.js');

const [folder, executablePath] = process.argv.slice(2);

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

async function main() {
  const browser = await launch(executablePath);
  try {
    const page = await browser.newPage();
    await page.goto(`${folder}bare.html`);
    for (const transport of ['websocket', 'sse', 'poll']) {
      assert.deepEqual(await page.evaluate(meet, transport), [transport, 'from the worker', 'from the page']);
    }
  } finally {
    await browser.close();
  }
}

main().then(() => { console.log('page and worker heard each other'); process.exit(0); },
  (error) => { console.error(error); process.exit(1); });
